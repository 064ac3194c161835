package swas

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/kpspec/kpspec/reference/idempotence"
)

// clientToken checks the form of a ClientToken, which is optional.
func (s *Service) clientToken(_ context.Context, c *call) error {
	c.token = strings.Clone(c.text("ClientToken"))
	if len(c.token) > s.rules.TokenMax || strings.ContainsFunc(c.token, func(r rune) bool { return r > '\x7f' }) {
		return ErrToken
	}
	return nil
}

// tokenKey is what the call's answer is remembered by.
func (s *Service) tokenKey(o operation, c *call) idempotence.Key {
	key := idempotence.Key{Owner: c.scope.Account, Token: c.token}
	if s.scope == TokenPerOperation {
		key.Token = o.action + " " + c.scope.Region + " " + c.token // neither of the first two has a space
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
