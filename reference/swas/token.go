package swas

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/kpspec/kpspec/reference/idempotence"
	"github.com/kpspec/kpspec/reference/operation"
)

// readToken checks the form of a ClientToken, which is optional.
func (s *Service) readToken(_ context.Context, c *operation.Call) error {
	c.Token = strings.Clone(c.Text("ClientToken"))
	if len(c.Token) > s.Rules.TokenMax || strings.ContainsFunc(c.Token, func(r rune) bool { return r > '\x7f' }) {
		return ErrToken
	}
	return nil
}

// once carries out the effects of a call with a token, unless the call was made before.
func (s *Service) once(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
	return s.memory.Do(ctx, s.tokenKey(o, c), digest(o.Action, o.Same(c)), effects)
}

// tokenKey is what the call's answer is remembered by.
func (s *Service) tokenKey(o *operation.Operation, c *operation.Call) idempotence.Key {
	key := idempotence.Key{Owner: c.Scope.Account, Token: c.Token}
	if s.scope == TokenPerOperation {
		key.Token = o.Action + " " + c.Scope.Region + " " + c.Token // neither of the first two has a space
	}
	return key
}

// digest stands for an action and the parameters of a call of it.
func digest(action string, parameters []string) idempotence.Parameters {
	h := sha256.New()
	for _, text := range append([]string{action}, parameters...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	return idempotence.Parameters(h.Sum(nil))
}
