package vocabulary

import (
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/names"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

// believer is an actor of SWAS in a run that waits for changes to show.
func believer(t *testing.T) *actor {
	t.Helper()
	k, err := NewKit(Options{Place: target.Place{
		SWAS: "http://127.0.0.1", World: world.Default(), Patience: patience.New(patience.Limits{Consistency: time.Hour}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return &k.SWAS.actor
}

// A list is read again where it contradicts what the answers have told, and only there: what nobody was told is no reason
// to wait.
func TestAListIsDoubtedThatContradictsTheAnswers(t *testing.T) {
	var (
		fair  = patience.Reply{Answer: answered(200, `{"RequestId":"r","FailCount":0}`)}
		part  = patience.Reply{Answer: answered(200, `{"RequestId":"r","FailCount":1}`)}
		no    = patience.Reply{Answer: answered(400, `{"RequestId":"r","Code":"C","Message":"m"}`)}
		lost  = patience.Reply{Answer: &wire.Answer{}, Kind: patience.Lost}
		named = []wire.Param{{Name: "KeyPairName", Value: "n"}}
		group = append([]wire.Param{{Name: "ResourceGroupId", Value: "rg"}}, named...)
	)
	call := func(action string, more ...wire.Param) wire.Call {
		return wire.Call{Action: action, Params: append([]wire.Param{{Name: "RegionId", Value: "r"}, {Name: "KeyPairName", Value: "n"}}, more...)}
	}
	token := wire.Param{Name: "ClientToken", Value: "t"}
	servers := wire.Param{Name: "InstanceIds", Value: `["s"]`}
	type did func(*actor)
	does := func(reply patience.Reply, action string, more ...wire.Param) did {
		return func(a *actor) { a.changed(call(action, more...), reply) }
	}
	gone := did(func(a *actor) { a.gone("r", "n") })
	going := did(func(a *actor) { a.going("r", "n") })
	pair, bound := []Pair{{Name: "n"}}, []Pair{{Name: "n", Servers: []string{"s"}}}
	for name, tt := range map[string]struct {
		did            []did
		filters        []wire.Param
		listed         []Pair
		pairs, servers int
	}{
		"nothing was done":                           {nil, nil, nil, 0, 0},
		"made, and not listed":                       {[]did{does(fair, "CreateKeyPair")}, nil, nil, 1, 0},
		"made, and listed":                           {[]did{does(fair, "CreateKeyPair")}, nil, pair, 0, 0},
		"made, and not listed by its name":           {[]did{does(fair, "ImportKeyPair")}, named, nil, 1, 0},
		"made, and kept back by another filter":      {[]did{does(fair, "ImportKeyPair")}, group, nil, 0, 0},
		"another name is asked for":                  {[]did{does(fair, "ImportKeyPair")}, []wire.Param{{Name: "KeyPairName", Value: "m"}}, nil, 0, 0},
		"refused":                                    {[]did{does(no, "ImportKeyPair")}, nil, nil, 0, 0},
		"nobody knows whether it was made":           {[]did{does(lost, "ImportKeyPair")}, nil, nil, 0, 0},
		"made, and then nobody knows":                {[]did{does(fair, "ImportKeyPair"), does(lost, "ImportKeyPair")}, nil, nil, 0, 0},
		"made, and made again in vain":               {[]did{does(fair, "ImportKeyPair"), does(no, "ImportKeyPair")}, nil, nil, 1, 0},
		"a replay of what was deleted":               {[]did{does(fair, "ImportKeyPair", token), gone, does(fair, "ImportKeyPair", token)}, nil, nil, 0, 0},
		"deleted, and still listed":                  {[]did{does(fair, "CreateKeyPair"), gone}, nil, pair, 1, 0},
		"deleted, and still listed by another group": {[]did{gone}, group, pair, 1, 0},
		"deleted, and not listed":                    {[]did{does(fair, "CreateKeyPair"), gone}, nil, nil, 0, 0},
		"it may be deleted":                          {[]did{does(fair, "CreateKeyPair"), going}, nil, nil, 0, 0},
		"bound, and not listed so":                   {[]did{does(fair, "AttachKeyPair", servers)}, nil, pair, 0, 1},
		"bound, and listed so":                       {[]did{does(fair, "AttachKeyPair", servers)}, nil, bound, 0, 0},
		"bound in part":                              {[]did{does(part, "AttachKeyPair", servers)}, nil, pair, 0, 0},
		"taken off, and still listed":                {[]did{does(fair, "AttachKeyPair", servers), does(fair, "DetachKeyPair", servers)}, nil, bound, 0, 1},
		"taken off, and listed so":                   {[]did{does(fair, "AttachKeyPair", servers), does(fair, "DetachKeyPair", servers)}, nil, pair, 0, 0},
		"taken off, and bound by another process":    {[]did{does(fair, "DetachKeyPair", servers)}, nil, []Pair{{Name: names.New().Next(), Servers: []string{"s"}}}, 0, 0},
		"deleted with what it was bound to":          {[]did{does(fair, "AttachKeyPair", servers), gone}, nil, []Pair{{Name: "m"}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := gomega.NewWithT(t)
			a := believer(t)
			for _, do := range tt.did {
				do(a)
			}
			pairs, servers, changed := a.doubts("r", tt.filters, tt.listed)
			g.Expect(pairs).To(gomega.HaveLen(tt.pairs))
			g.Expect(servers).To(gomega.HaveLen(tt.servers))
			g.Expect(changed.IsZero()).To(gomega.Equal(tt.pairs+tt.servers == 0))
			elsewhere, _, _ := a.doubts("another", tt.filters, tt.listed)
			g.Expect(elsewhere).To(gomega.BeEmpty(), "in another region")
			a.kit.beliefs.accept(pairs, servers)
			pairs, servers, _ = a.doubts("r", tt.filters, tt.listed)
			g.Expect(append(pairs, servers...)).To(gomega.BeEmpty(), "what never shows is the truth")
		})
	}
}

// What a run has made itself a moment ago need not have settled: it is there, or it is waited for.
func TestWhatWasJustMadeNeedNotSettle(t *testing.T) {
	g := gomega.NewWithT(t)
	a := believer(t)
	named := []wire.Param{{Name: "KeyPairName", Value: "n"}}
	matters := func(filters ...wire.Param) bool {
		_, matters := a.quiet(filters)
		return matters
	}
	g.Expect(matters()).To(gomega.BeFalse(), "nothing was changed")
	a.changed(wire.Call{Action: "CreateKeyPair", Params: append([]wire.Param{{Name: "RegionId", Value: "r"}}, named...)},
		patience.Reply{Answer: answered(200, `{}`)})
	g.Expect(matters(named...)).To(gomega.BeFalse())
	g.Expect(matters()).To(gomega.BeTrue(), "other names may show too")
	g.Expect(matters(append(named, wire.Param{Name: "ResourceGroupId", Value: "rg"})...)).To(gomega.BeTrue(), "the filter may hide it")
	a.gone("r", "n")
	g.Expect(matters(named...)).To(gomega.BeTrue(), "it may still show")
}
