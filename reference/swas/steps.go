package swas

import (
	"context"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// The steps that several operations share.

func (s *Service) region() operation.Step { return operation.Region(s.Regions) }
func (s *Service) name() operation.Step   { return operation.Name(&s.Rules.Names) }

func (s *Service) token() operation.Step {
	return operation.Step{Name: "client token", Run: s.readToken}
}

func (s *Service) paging() operation.Step {
	return operation.Step{Name: "paging", Run: func(_ context.Context, c *operation.Call) error {
		return c.ReadPage(s.Rules.PageSize, s.Rules.PageSizeMax)
	}}
}

// texts returns the elements of a list parameter, each one once, of which there are 1 to most.
func texts(c *operation.Call, name string, most int) ([]string, error) {
	elements := c.Params.Repeat(name)
	var out []string
	switch text := c.Text(name); {
	case text != "" && elements != nil:
		return nil, refusal.About(name, operation.ErrInvalid)
	case text != "":
		list, _ := rpc.StringArray(text)
		if len(list) == 0 {
			return nil, refusal.About(name, operation.ErrInvalid)
		}
		out = list
	case elements == nil:
		return nil, refusal.About(name, operation.ErrMissing)
	case elements[0].N < 1:
		return nil, refusal.About(name, operation.ErrInvalid)
	case elements[len(elements)-1].N > most:
		return nil, refusal.About(name, ErrTooMany)
	}
	for _, e := range elements {
		out = append(out, e.Value)
	}
	if len(out) > most {
		return nil, refusal.About(name, ErrTooMany)
	}
	if slices.Contains(out, "") {
		return nil, refusal.About(name, operation.ErrInvalid)
	}
	return unique(out), nil
}

// unique drops what stands in a list before. The elements are copied, so that they do not hold on to a whole request.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	out := make([]string, 0, len(list))
	for _, element := range list {
		if !seen[element] {
			seen[element] = true
			out = append(out, strings.Clone(element))
		}
	}
	return out
}
