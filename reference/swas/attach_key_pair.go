package swas

import (
	"context"
	"slices"
	"strconv"

	"github.com/kpspec/kpspec/reference/rpc"
)

// attachKeyPair binds a pair to servers, in place of the pairs they have.
var attachKeyPair = operation{
	action: "AttachKeyPair",
	checks: []step{
		required("RegionId", "KeyPairName"),
		serversStep,
		tokenStep,
		regionStep,
		nameStep,
	},
	effects: []step{
		knownStep,
		{"fit servers", (*Service).fitServers},
		{"bind", (*Service).bind},
	},
	same:   pairAndServers,
	answer: (*Service).results,
}

// pairAndServers are the parameters of the operations that bind and unbind.
func pairAndServers(c *call) []string {
	return append([]string{c.scope.Region, c.pair.Name}, c.servers...)
}

// resultsAnswer is the answer of AttachKeyPair and DetachKeyPair.
type resultsAnswer struct {
	TotalCount int      `json:"TotalCount" xml:"TotalCount"`
	FailCount  int      `json:"FailCount" xml:"FailCount"`
	Results    []result `json:"Results" xml:"Results"`
}

// result is what became of one server; all members are texts.
type result struct {
	InstanceID string `json:"InstanceId" xml:"InstanceId"`
	Code       string `json:"Code" xml:"Code"` // an HTTP status
	Message    string `json:"Message" xml:"Message"`
	Success    string `json:"Success" xml:"Success"`
}

func (s *Service) results(c *call) any {
	answer := &resultsAnswer{
		TotalCount: len(c.servers), FailCount: len(c.failed), Results: make([]result, 0, len(c.servers)),
	}
	for _, id := range c.servers {
		r := result{InstanceID: id, Code: "200", Message: "success", Success: "true"}
		if refusal := c.failed[id]; refusal != nil {
			r = result{InstanceID: id, Code: strconv.Itoa(refusal.Status), Message: refusal.Message, Success: "false"}
		}
		answer.Results = append(answer.Results, r)
	}
	return answer
}

func (s *Service) serversOfCall(_ context.Context, c *call) (err error) {
	c.servers, err = c.strings("InstanceIds", s.rules.ServersMax)
	return err
}

// fail leaves a server alone, for one of the causes of results.
func (s *Service) fail(c *call, id string, cause error) {
	if c.failed == nil {
		c.failed = map[string]*rpc.Error{}
	}
	c.failed[id] = s.reasons[cause]
}

// left are the servers that nothing speaks against so far.
func (c *call) left() []string {
	return slices.DeleteFunc(slices.Clone(c.servers), func(id string) bool { return c.failed[id] != nil })
}

func (s *Service) knownServers(_ context.Context, c *call) error {
	for _, id := range c.servers {
		if _, known := s.server[serverKey{c.scope, id}]; known {
			continue
		}
		if s.unknown == UnknownCallError {
			return ErrServer
		}
		s.fail(c, id, ErrServer)
	}
	if len(c.left()) == 0 {
		return ErrServer
	}
	return nil
}

func (s *Service) fitServers(_ context.Context, c *call) error {
	for _, id := range c.left() {
		server := s.server[serverKey{c.scope, id}]
		switch {
		case !slices.Contains(s.rules.Systems, server.OS):
			s.fail(c, id, ErrSystem)
		case !slices.Contains(s.rules.States, server.Status):
			s.fail(c, id, ErrState)
		}
	}
	return nil
}

func (s *Service) bind(_ context.Context, c *call) error {
	return s.store.Bind(c.scope, c.pair.Name, c.left()...)
}
