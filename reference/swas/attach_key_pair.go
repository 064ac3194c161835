package swas

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
)

// attachKeyPair binds a pair to servers, in place of the pairs they have.
func (s *Service) attachKeyPair() *operation.Operation {
	const action = "AttachKeyPair"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, nil),
		Checks: []operation.Step{
			operation.Required("RegionId", "KeyPairName"),
			s.serversOfCall(),
			s.token(),
			s.region(),
			s.name(),
		},
		Effects: []operation.Step{
			s.knownServers(),
			{Name: "fit servers", Run: s.fitServers},
			{Name: "bind", Run: s.bind},
		},
		Same:   pairAndServers,
		Answer: results,
	}
}

// pairAndServers are the parameters of the operations that bind and unbind.
func pairAndServers(c *operation.Call) []string {
	return append([]string{c.Scope.Region, c.Pair.Name}, c.Servers...)
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

func results(c *operation.Call) any {
	answer := &resultsAnswer{
		TotalCount: len(c.Servers), FailCount: len(c.Failed), Results: make([]result, 0, len(c.Servers)),
	}
	for _, id := range c.Servers {
		r := result{InstanceID: id, Code: "200", Message: "success", Success: "true"}
		if refusal := c.Failed[id]; refusal != nil {
			r = result{InstanceID: id, Code: strconv.Itoa(refusal.Status), Message: refusal.Message, Success: "false"}
		}
		answer.Results = append(answer.Results, r)
	}
	return answer
}

func (s *Service) serversOfCall() operation.Step {
	return operation.Step{Name: "servers", Run: func(_ context.Context, c *operation.Call) (err error) {
		c.Servers, err = texts(c, "InstanceIds", s.Rules.ServersMax)
		return err
	}}
}

// server finds a server of the caller's in the region of the call.
func (s *Service) server(c *operation.Call, id string) (server world.Server, known bool) {
	server, known = s.byID[serverKey{c.Scope, id}]
	return server, known
}

// fail leaves a server alone, for one of the causes of results.
func (s *Service) fail(c *operation.Call, id string, cause error) {
	if c.Failed == nil {
		c.Failed = map[string]*rpc.Error{}
	}
	c.Failed[id], _ = errors.AsType[*rpc.Error](s.Rules.Errors.Of(cause))
}

// Left are the servers of a call that nothing speaks against so far.
func Left(c *operation.Call) []string {
	return slices.DeleteFunc(slices.Clone(c.Servers), func(id string) bool { return c.Failed[id] != nil })
}

func (s *Service) knownServers() operation.Step {
	return operation.Step{Name: "known servers", Run: func(_ context.Context, c *operation.Call) error {
		for _, id := range c.Servers {
			if _, known := s.server(c, id); known {
				continue
			}
			if s.unknown == UnknownCallError {
				return ErrServer
			}
			s.fail(c, id, ErrServer)
		}
		if len(Left(c)) == 0 {
			return ErrServer
		}
		return nil
	}}
}

func (s *Service) fitServers(_ context.Context, c *operation.Call) error {
	for _, id := range Left(c) {
		server, _ := s.server(c, id)
		switch {
		case !slices.Contains(s.Rules.Systems, server.OS):
			s.fail(c, id, ErrSystem)
		case !slices.Contains(s.Rules.States, server.Status):
			s.fail(c, id, ErrState)
		}
	}
	return nil
}

func (s *Service) bind(_ context.Context, c *operation.Call) error {
	return s.Store.Bind(c.Scope, c.Pair.Name, Left(c)...)
}
