package swas

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// mostServers is how many servers one AttachKeyPair call may name.
const mostServers = 50

// noServer is an id in the documents' form that no server has.
const noServer = "00000000000000000000000000000000"

// attachKeyPair builds the specs of SWAS AttachKeyPair.
func attachKeyPair(k *Kit) {
	a := attacher{k}
	Describe("SWAS AttachKeyPair", k.Together("SWAS AttachKeyPair", SWASRoom), Needs(Servers), func() {
		k.Section("SWAS AttachKeyPair request", a.request)
		k.Section("SWAS AttachKeyPair servers", a.servers)
		k.Section("SWAS AttachKeyPair names", a.names)
		k.Section("SWAS AttachKeyPair binding", a.binding)
		k.Section("SWAS AttachKeyPair unbindable", a.unbindable)
		k.Section("SWAS AttachKeyPair answer", a.answer)
		k.Section("SWAS AttachKeyPair permission", a.permission)
	})
}

type attacher struct{ k *Kit }

func (a attacher) rule(ref string) []any { return a.k.Rule("SWAS-ATT-" + ref) }

// pair is the name of a fresh key pair.
func (a attacher) pair(ctx context.Context) string {
	GinkgoHelper()
	name := a.k.Name()
	Given(a.k.SWAS.Send(ctx, a.k.SWASImport(name, FreshKey()))).To(BeAccepted())
	return name
}

// pairNamed is the name of a fresh key pair that the target lists under a name
// with something special about it.
func (a attacher) pairNamed(ctx context.Context, name string) string {
	GinkgoHelper()
	Given(a.k.SWAS.Send(ctx, a.k.SWASImport(name, FreshKey()))).To(BeAccepted())
	Given(a.k.SWAS.Find(ctx, name)).To(BePresent())
	return name
}

// accepts shows that a request binds the key pair it names to the servers.
// Where the target does not even take a plain one, the rule could not be tried.
func (a attacher) accepts(ctx context.Context, call wire.Call, servers ...string) {
	GinkgoHelper()
	got := a.k.SWAS.Send(ctx, call)
	a.needPlain(ctx, BeAccepted(), got)
	a.binds(ctx, got, call, servers...)
}

// binds shows that got is the answer to a request that has bound the key pair it
// names to the servers.
func (a attacher) binds(ctx context.Context, got *wire.Answer, call wire.Call, servers ...string) {
	GinkgoHelper()
	Expect(got).To(BeAccepted())
	Expect(read(got).refused()).To(gomega.BeEmpty(), "results that tell of a failure")
	a.bound(ctx, call.Value("KeyPairName"), servers...)
}

// needPlain ends the spec if an answer is not as it should be and the target
// refuses a plain request too: what it must do with that is another rule.
func (a attacher) needPlain(ctx context.Context, as types.GomegaMatcher, got *wire.Answer) {
	GinkgoHelper()
	if good, _ := as.Match(got); !good {
		call, _ := a.good(ctx)
		Given(a.k.SWAS.Send(ctx, call)).To(BeAccepted())
	}
}

// bound asserts that exactly this key pair is bound to each of the servers.
func (a attacher) bound(ctx context.Context, name string, servers ...string) {
	GinkgoHelper()
	listed := a.k.SWAS.List(ctx, a.k.Region())
	for _, server := range servers {
		Expect(listed).To(BindServer(server, name))
	}
}

// free asserts that nothing is bound to any of the servers.
func (a attacher) free(ctx context.Context, servers ...string) {
	GinkgoHelper()
	listed := a.k.SWAS.List(ctx, a.k.Region())
	for _, server := range servers {
		Expect(listed).To(BindServer(server))
	}
}

// refuses shows that bad is refused and binds nothing, and that good, which
// differs from it in one fault, binds its key pair to the server.
func (a attacher) refuses(ctx context.Context, bad, good wire.Call, server string, as Row) {
	GinkgoHelper()
	got := a.k.SWAS.Send(ctx, bad)
	a.needPlain(ctx, BeRefused(as), got)
	Expect(got).To(BeRefused(as))
	a.free(ctx, server)
	Given(a.k.SWAS.Send(ctx, good)).To(BeAccepted())
	Given(a.k.SWAS.List(ctx, a.k.Region())).To(BindServer(server, good.Value("KeyPairName")))
}

// good is a well-formed request and the server it names.
func (a attacher) good(ctx context.Context) (wire.Call, string) {
	GinkgoHelper()
	server := a.k.Servers(ctx, 1)[0]
	return a.k.SWASAttach(a.pair(ctx), server), server
}

// takesAnother shows that a well-formed request is accepted, for a key pair and
// a server that nothing was done with: a target need not bind again what it has
// perhaps bound already.
func (a attacher) takesAnother(ctx context.Context) {
	GinkgoHelper()
	call, server := a.good(ctx)
	Given(a.k.SWAS.Send(ctx, call)).To(BeAccepted())
	Given(a.k.SWAS.List(ctx, a.k.Region())).To(BindServer(server, call.Value("KeyPairName")))
}

// records writes down what becomes of a request, and shows that a well-formed
// one is accepted.
func (a attacher) records(ctx context.Context, what string, change func(wire.Call) wire.Call) {
	GinkgoHelper()
	call, _ := a.good(ctx)
	got := a.k.SWAS.Send(ctx, change(call))
	Expect(got).To(BeAnAnswer())
	ObserveAnswer(what, got)
	a.takesAnother(ctx)
}

func with(name, value string) func(wire.Call) wire.Call {
	return func(c wire.Call) wire.Call { return c.With(name, value) }
}

func without(name string) func(wire.Call) wire.Call {
	return func(c wire.Call) wire.Call { return c.Without(name) }
}

func (a attacher) request() {
	k, rule := a.k, a.rule
	DescribeTable("refuses a request", func(ctx SpecContext, change func(wire.Call) wire.Call) {
		call, server := a.good(ctx)
		a.refuses(ctx, change(call), call, server, AnyRefusal)
	},
		Entry("without RegionId", rule("REGION-REQ"), without("RegionId")),
		Entry("for a region that does not exist", rule("REGION-KNOWN"), with("RegionId", "xx-nowhere-9")),
		Entry("without InstanceIds", rule("IDS-REQ"), without("InstanceIds.1")),
		Entry("without KeyPairName", rule("NAME-REQ"), without("KeyPairName")),
		Entry("with a client token of 65 characters", rule("TOKEN-LEN.over"), func(c wire.Call) wire.Call { return c.With("ClientToken", k.NameOf(65)) }),
		Entry("with a client token beyond ASCII", rule("TOKEN-ASCII"), func(c wire.Call) wire.Call { return c.With("ClientToken", k.Name()+"é") }),
		Entry("with a malformed name", rule("NAME-RULE.refused"), func(c wire.Call) wire.Call { return c.With("KeyPairName", "1"+k.Name()) }),
		Entry("with a name of one character", rule("NAME-RULE.refused"), func(c wire.Call) wire.Call { return c.With("KeyPairName", k.NameOf(1)) }),
		Entry("with a name that begins with http://", rule("NAME-RULE.refused"), func(c wire.Call) wire.Call { return c.With("KeyPairName", "http://"+k.Name()) }),
		Entry("with a name that has an at sign", rule("NAME-RULE.refused"), func(c wire.Call) wire.Call { return c.With("KeyPairName", k.Name()+"@b") }),
		Entry("with a name that has a space", rule("NAME-RULE.refused"), func(c wire.Call) wire.Call { return c.With("KeyPairName", k.Name()+" b") }),
		Entry("with a name of 65 characters", rule("NAME-RULE.refused"), func(c wire.Call) wire.Call { return c.With("KeyPairName", k.NameOf(65)) }),
	)
	DescribeTable("has a code for a request", func(ctx SpecContext, change func(wire.Call) wire.Call) {
		a.records(ctx, "a request "+CurrentSpecReport().LeafNodeText, change)
	},
		Entry("without RegionId", rule("REGION-REQ.code"), without("RegionId")),
		Entry("for a region that does not exist", rule("REGION-KNOWN.code"), with("RegionId", "xx-nowhere-9")),
		Entry("without InstanceIds", rule("IDS-REQ.code"), without("InstanceIds.1")),
	)
	It("takes a region that ListRegions lists", rule("REGION-KNOWN"), func(ctx SpecContext) {
		Given(k.SWAS.ListedRegions(ctx)).To(gomega.ContainElement(k.Region()))
		call, server := a.good(ctx)
		a.accepts(ctx, call, server)
	})
	It("needs no client token", rule("TOKEN-OPT"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		a.binds(ctx, k.SWAS.Send(ctx, call), call, server)
	})
	It("takes a client token of 64 characters, the most", rule("TOKEN-LEN"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		a.accepts(ctx, call.With("ClientToken", k.NameOf(64)), server)
	})
	It("does not bind again for a repeated request with the same token", rule("TOKEN-UNIQUE"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		call = call.With("ClientToken", k.Name())
		first := k.SWAS.Send(ctx, call)
		Given(first).To(BeAccepted())
		later := a.pair(ctx)
		Given(k.SWAS.Send(ctx, k.SWASAttach(later, server))).To(BeAccepted())
		Given(k.SWAS.List(ctx, k.Region())).To(BindServer(server, later))
		again := k.SWAS.Send(ctx, call)
		Expect(again).To(BeAccepted())
		Expect(read(again)).To(gomega.Equal(read(first)))
		a.bound(ctx, later, server)
	})
}

func (a attacher) servers() {
	k, rule := a.k, a.rule
	DescribeTable("takes InstanceIds.1 to InstanceIds.N for", func(ctx SpecContext, n int) {
		servers := k.Servers(ctx, n)
		a.accepts(ctx, k.SWASAttach(a.pair(ctx), servers...), servers...)
	},
		Entry("one server", rule("IDS-ARRAY"), 1),
		Entry("two servers", rule("IDS-ARRAY"), 2),
		Entry("50 servers, the most", rule("IDS-MAX"), mostServers),
	)
	It("takes an array through the official SDK", rule("IDS-ARRAY"), func(ctx SpecContext) {
		servers := k.Servers(ctx, 2)
		call := k.SWASAttach(a.pair(ctx), servers...)
		got := k.SWAS.Call(ctx, call)
		a.needPlain(ctx, BeAccepted(), got)
		Expect(got).To(BeAccepted())
		a.bound(ctx, call.Value("KeyPairName"), servers...)
	})
	It("may take the ids as JSON text", rule("IDS-ARRAY.json"), func(ctx SpecContext) {
		a.records(ctx, "the ids as JSON text", func(c wire.Call) wire.Call {
			list, _ := json.Marshal([]string{c.Value("InstanceIds.1")}) // strings always have a JSON form
			return c.Without("InstanceIds.1").With("InstanceIds", string(list))
		})
	})
	tooMany := func(ctx SpecContext) (bad, good wire.Call, servers []string) {
		GinkgoHelper()
		servers = k.Servers(ctx, mostServers+1)
		bad = k.SWASAttach(a.pair(ctx), servers...)
		return bad, bad.Without(fmt.Sprintf("InstanceIds.%d", mostServers+1)), servers
	}
	It("refuses 51 servers and binds none of them", rule("IDS-MAX"), func(ctx SpecContext) {
		bad, good, servers := tooMany(ctx)
		Expect(k.SWAS.Send(ctx, bad)).To(BeRefused(AnyRefusal))
		a.free(ctx, servers...)
		Given(k.SWAS.Send(ctx, good)).To(BeAccepted())
	})
	It("has a code for 51 servers", rule("IDS-MAX.code"), func(ctx SpecContext) {
		bad, good, _ := tooMany(ctx)
		got := k.SWAS.Send(ctx, bad)
		Expect(got).To(BeRefused(AnyRefusal))
		ObserveAnswer("51 servers", got)
		Given(k.SWAS.Send(ctx, good)).To(BeAccepted())
	})
	It("may take an empty id", rule("IDS-EMPTY"), func(ctx SpecContext) { a.records(ctx, "an empty id", with("InstanceIds.1", "")) })
	It("may take an id twice", rule("IDS-DUP"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		got := k.SWAS.Send(ctx, call.With("InstanceIds.2", server))
		Expect(got).To(BeAnAnswer())
		ObserveAnswer("the same id twice", got)
		if got.Status == 200 {
			Observe("TotalCount of the same id twice", read(got).number("TotalCount"))
		}
		a.takesAnother(ctx)
	})
}

func (a attacher) names() {
	k, rule := a.k, a.rule
	It("binds a key pair whose name begins with a Chinese character", rule("NAME-RULE"), func(ctx SpecContext) {
		server := k.Servers(ctx, 1)[0]
		a.accepts(ctx, k.SWASAttach(a.pairNamed(ctx, "密"+k.Name()), server), server)
	})
	It("binds a key pair whose name is 64 Chinese characters", rule("NAME-RULE"), func(ctx SpecContext) {
		server := k.Servers(ctx, 1)[0]
		a.accepts(ctx, k.SWASAttach(a.pairNamed(ctx, Han(64)), server), server)
	})
	It("binds a key pair whose name has two characters", rule("NAME-RULE"), func(ctx SpecContext) {
		server := k.Servers(ctx, 1)[0]
		a.accepts(ctx, k.SWASAttach(a.pairNamed(ctx, k.FreeName(ctx, k.SWAS, 2)), server), server)
	})
	It("binds a key pair whose name has everything a name may have", rule("NAME-RULE"), func(ctx SpecContext) {
		server := k.Servers(ctx, 1)[0]
		a.accepts(ctx, k.SWASAttach(a.pairNamed(ctx, "Ab:0123456789_-"+k.NameOf(64-len("Ab:0123456789_-"))), server), server)
	})
	// unknown shows that a name nothing in this region and account has binds
	// nothing, and leaves what is bound.
	unknown := func(ctx SpecContext, name string) *wire.Answer {
		GinkgoHelper()
		call, server := a.good(ctx)
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
		Given(k.SWAS.List(ctx, k.Region())).To(BindServer(server, call.Value("KeyPairName")))
		got := k.SWAS.Send(ctx, call.With("KeyPairName", name))
		a.bound(ctx, call.Value("KeyPairName"), server)
		if got.Status == 200 {
			Expect(read(got).Results).NotTo(gomega.BeEmpty(), "the results of a request that binds nothing")
			for _, result := range read(got).Results {
				Expect(result.succeeded()).To(gomega.BeFalse(), "the key pair does not exist")
			}
		} else {
			Expect(got).To(BeRefused(AnyRefusal))
		}
		return got
	}
	It("binds nothing for a key pair that does not exist", rule("NAME-UNKNOWN"), func(ctx SpecContext) { unknown(ctx, k.Name()) })
	It("binds nothing for a key pair of another region", rule("NAME-UNKNOWN"), func(ctx SpecContext) {
		name, there := k.Name(), k.OtherRegion()
		Given(k.SWAS.Send(ctx, k.SWASImport(name, FreshKey()).With("RegionId", there))).To(BeAccepted())
		unknown(ctx, name)
	})
	It("binds nothing for a key pair of another account", rule("NAME-UNKNOWN"), func(ctx SpecContext) {
		name := k.Name()
		Given(k.OtherSWAS().Send(ctx, k.SWASImport(name, FreshKey()))).To(BeAccepted())
		unknown(ctx, name)
	})
	It("has a way to say that a key pair does not exist", rule("NAME-UNKNOWN.form"), func(ctx SpecContext) {
		observeForm("a key pair that does not exist", unknown(ctx, k.Name()))
	})
}

func (a attacher) binding() {
	k, rule := a.k, a.rule
	It("binds one key pair to a server", rule("ONE"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		Expect(k.SWAS.Send(ctx, call)).To(BeAccepted())
		a.bound(ctx, call.Value("KeyPairName"), server)
		if told := k.SWAS.DescribeServer(ctx, server); told.Status == 200 {
			Expect(told).To(HaveMember("KeyPairName", gomega.Equal(call.Value("KeyPairName"))))
		}
	})
	It("replaces the key pair that was bound before", rule("OVERWRITE"), func(ctx SpecContext) {
		first, server := a.good(ctx)
		Given(k.SWAS.Send(ctx, first)).To(BeAccepted())
		Given(k.SWAS.List(ctx, k.Region())).To(BindServer(server, first.Value("KeyPairName")))
		second := k.SWASAttach(a.pair(ctx), server)
		a.accepts(ctx, second, server)
		Expect(k.SWAS.Delete(ctx, first.Value("KeyPairName"))).To(BeAccepted())
		a.bound(ctx, second.Value("KeyPairName"), server)
	})
	It("leaves the key pair that was bound before to its other servers", rule("OVERWRITE"), func(ctx SpecContext) {
		servers, first := k.Servers(ctx, 2), a.pair(ctx)
		Given(k.SWAS.Send(ctx, k.SWASAttach(first, servers...))).To(BeAccepted())
		listed := k.SWAS.List(ctx, k.Region())
		for _, server := range servers {
			Given(listed).To(BindServer(server, first))
		}
		second := a.pair(ctx)
		a.accepts(ctx, k.SWASAttach(second, servers[0]), servers[0])
		a.bound(ctx, first, servers[1])
	})
	It("binds one key pair to two servers, one after the other", rule("MANY"), func(ctx SpecContext) {
		servers, name := k.Servers(ctx, 2), a.pair(ctx)
		Given(k.SWAS.Send(ctx, k.SWASAttach(name, servers[0]))).To(BeAccepted())
		a.accepts(ctx, k.SWASAttach(name, servers[1]), servers...)
	})
	It("binds the same key pair again", rule("REATTACH"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
		a.accepts(ctx, call, server)
	})
	It("binds the same key pair again, and to another server", rule("REATTACH"), func(ctx SpecContext) {
		servers, name, other := k.Servers(ctx, 4), a.pair(ctx), a.pair(ctx)
		Given(k.SWAS.Send(ctx, k.SWASAttach(name, servers[0]))).To(BeAccepted())
		Given(k.SWAS.Send(ctx, k.SWASAttach(other, servers[2:]...))).To(BeAccepted()) // two at once is another rule
		listed := k.SWAS.List(ctx, k.Region())
		Given(listed).To(BindServer(servers[0], name))
		Given(listed).To(BindServer(servers[2], other))
		Given(listed).To(BindServer(servers[3], other))
		servers = servers[:2]
		a.accepts(ctx, k.SWASAttach(name, servers...), servers...)
	})
	DescribeTable("binds to a server that is", func(ctx SpecContext, status string) {
		server := k.LinuxServer(ctx, status)
		a.accepts(ctx, k.SWASAttach(a.pair(ctx), server), server)
	},
		Entry("running", rule("STATE"), "Running"),
		Entry("stopped", rule("STATE"), "Stopped"),
	)
	It("shows a binding at once", rule("EFFECT"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
		a.bound(ctx, call.Value("KeyPairName"), server)
	})
}

// unbindable is about servers that no key pair can be bound to.
func (a attacher) unbindable() {
	k, rule := a.k, a.rule
	// refused shows that nothing is bound to the server, whichever way the
	// target says so, and that the same call for another server binds.
	refused := func(ctx SpecContext, server string) *wire.Answer {
		GinkgoHelper()
		call, other := a.good(ctx)
		got := k.SWAS.Send(ctx, call.With("InstanceIds.1", server))
		a.free(ctx, server)
		if got.Status == 200 {
			for _, result := range read(got).Results {
				Expect(result.succeeded()).To(gomega.BeFalse(), "nothing can be bound to it")
			}
		} else {
			Expect(got).To(BeRefused(AnyRefusal))
		}
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
		Given(k.SWAS.List(ctx, k.Region())).To(BindServer(other, call.Value("KeyPairName")))
		return got
	}
	It("binds nothing to a Windows server", rule("LINUX"), func(ctx SpecContext) { refused(ctx, k.WindowsServer(ctx)) })
	It("has a way to say so for a Windows server", rule("LINUX.form"), func(ctx SpecContext) {
		observeForm("a Windows server", refused(ctx, k.WindowsServer(ctx)))
	})
	It("binds nothing to a server in transition", rule("STATE"), func(ctx SpecContext) { refused(ctx, k.BusyServer(ctx)) })

	notFound := func(ctx SpecContext, id string, as Row) {
		GinkgoHelper()
		call, server := a.good(ctx)
		a.refuses(ctx, call.With("InstanceIds.1", id), call, server, as)
	}
	It("refuses a server that does not exist", rule("404"), func(ctx SpecContext) { notFound(ctx, noServer, serverNotFound.Bare()) })
	It("refuses it in the documented words", rule("404.message"), func(ctx SpecContext) { notFound(ctx, noServer, serverNotFound) })
	It("does not know a server of another region", rule("FOREIGN"), func(ctx SpecContext) { notFound(ctx, k.ForeignServer(ctx, 0), serverNotFound.Bare()) })
	It("does not know a server of another account", rule("FOREIGN"), func(ctx SpecContext) { notFound(ctx, k.ForeignServer(ctx, 1), serverNotFound.Bare()) })

	// partly asks for a known and an unknown server.
	partly := func(ctx SpecContext) (got *wire.Answer, name, server string) {
		GinkgoHelper()
		call, server := a.good(ctx)
		got = k.SWAS.Send(ctx, call.With("InstanceIds.2", noServer))
		return got, call.Value("KeyPairName"), server
	}
	mixed := func(ctx SpecContext) *wire.Answer {
		GinkgoHelper()
		got, name, server := partly(ctx)
		if got.Status == 200 {
			told := read(got)
			// In which words a result says so is another rule.
			Expect(told.number("FailCount")).To(gomega.BeNumerically(">=", 1), "FailCount")
			Expect(told.of(noServer)).NotTo(gomega.Equal(result{}), "the result of the unknown server")
			Expect(told.of(noServer).plainSuccess()).To(gomega.BeFalse(), "the unknown server is told to be bound")
			if told.number("FailCount") == 1 {
				a.bound(ctx, name, server)
			} else {
				a.free(ctx, server)
			}
		} else {
			Expect(got).To(BeRefused(AnyRefusal))
			a.free(ctx, server)
		}
		a.takesAnother(ctx)
		return got
	}
	It("says false of each failure", rule("RES-SUCCESS"), func(ctx SpecContext) {
		got, _, _ := partly(ctx)
		if got.Status != 200 {
			Expect(got).To(BeRefused(AnyRefusal)) // then there is no result to say it in
		} else {
			Expect(read(got).of(noServer).Success).To(gomega.Or(gomega.Equal("false"), gomega.Equal(false)))
		}
		a.takesAnother(ctx)
	})
	It("says what it has done when one of two servers does not exist", rule("MIXED.consistent"), func(ctx SpecContext) { mixed(ctx) })
	It("has a way to answer when one of two servers does not exist", rule("MIXED"), func(ctx SpecContext) {
		observeForm("a known and an unknown server", mixed(ctx))
	})
}

// answer is about the members of an answer.
func (a attacher) answer() {
	k, rule := a.k, a.rule
	// attached binds a key pair to n servers and returns what the target told.
	attached := func(ctx SpecContext, n int) (told, []string) {
		GinkgoHelper()
		servers := k.Servers(ctx, n)
		call := k.SWASAttach(a.pair(ctx), servers...)
		got := k.SWAS.Send(ctx, call)
		Given(got).To(BeAccepted())
		listed := k.SWAS.List(ctx, k.Region())
		for _, server := range servers {
			Given(listed).To(BindServer(server, call.Value("KeyPairName")))
		}
		return read(got), servers
	}
	number := gomega.BeAssignableToTypeOf(json.Number(""))

	It("counts the servers", rule("RESP-TOTAL"), func(ctx SpecContext) {
		told, servers := attached(ctx, 2)
		Expect(told.TotalCount).To(gomega.And(number, gomega.BeEquivalentTo(fmt.Sprint(len(servers)))))
	})
	It("counts no failure where all is well", rule("RESP-FAIL"), func(ctx SpecContext) {
		told, _ := attached(ctx, 2)
		Expect(told.FailCount).To(gomega.And(number, gomega.BeEquivalentTo("0")))
	})
	It("has one result per server", rule("RESP-RESULTS"), func(ctx SpecContext) {
		told, servers := attached(ctx, 2)
		Expect(told.ids()).To(gomega.ConsistOf(servers))
	})
	each := func(check func(result, []string)) func(SpecContext) {
		return func(ctx SpecContext) {
			told, servers := attached(ctx, 2)
			Given(told.Results).NotTo(gomega.BeEmpty())
			for _, r := range told.Results {
				check(r, servers)
			}
		}
	}
	It("gives each result the code 200", rule("RES-CODE"), each(func(r result, _ []string) {
		Expect(r.Code).To(gomega.BeEquivalentTo("200"))
	}))
	// typed is about the JSON type of a member of the results.
	typed := func(name, want string, member func(result) any) func(SpecContext) {
		return func(ctx SpecContext) {
			told, _ := attached(ctx, 2)
			Expect(told.Results).NotTo(gomega.BeEmpty())
			Observe("JSON type of "+name, jsonType(member(told.Results[0])))
			for _, r := range told.Results {
				Expect(member(r)).To(gomega.Equal(want))
			}
		}
	}
	It("gives the code as a string", rule("RES-CODE.string"), typed("Code", "200", func(r result) any { return r.Code }))
	It("gives each result the message success", rule("RES-MSG"), each(func(r result, _ []string) {
		Expect(r.Message).To(gomega.Equal("success"))
	}))
	It("says true of each success", rule("RES-SUCCESS"), each(func(r result, _ []string) {
		Expect(r.Success).To(gomega.Or(gomega.Equal("true"), gomega.Equal(true)))
	}))
	It("says so as a string", rule("RES-SUCCESS.string"), typed("Success", "true", func(r result) any { return r.Success }))
	It("names the server of each result", rule("RES-ID"), func(ctx SpecContext) {
		told, servers := attached(ctx, 2)
		Given(told.Results).NotTo(gomega.BeEmpty())
		seen := map[any]bool{}
		for _, r := range told.Results {
			Expect(r.InstanceId).To(gomega.BeElementOf(servers))
			Expect(seen[r.InstanceId]).To(gomega.BeFalse(), "two results name the same server")
			seen[r.InstanceId] = true
		}
	})
	It("gives the results as a flat array", rule("RESULTS-FLAT"), func(ctx SpecContext) {
		told, _ := attached(ctx, 1)
		Expect(told.flat).To(gomega.BeTrue(), "Results is an array of objects")
		Expect(told.Results).NotTo(gomega.BeEmpty())
	})
	It("has a RequestId", rule("REQID"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		got := k.SWAS.Send(ctx, call)
		Given(got).To(BeAccepted())
		Given(k.SWAS.List(ctx, k.Region())).To(BindServer(server, call.Value("KeyPairName")))
		Expect(got).To(HaveMember("RequestId", BeNonEmptyText()))
	})
	It("has counts that agree with the results", rule("INVARIANT"), func(ctx SpecContext) {
		told, servers := attached(ctx, 2)
		successes := len(told.Results) - told.failures()
		Expect(told.number("FailCount")).To(gomega.And(gomega.BeNumerically(">=", 0), gomega.BeNumerically("<=", len(servers))))
		Expect(successes + told.number("FailCount")).To(gomega.Equal(len(servers)))
	})
}

func (a attacher) permission() {
	k, rule := a.k, a.rule
	It("lets a user bind who may do nothing else", rule("RAM"), func(ctx SpecContext) {
		call, server := a.good(ctx)
		Expect(k.SWASAs("swas-attach-only").Send(ctx, call)).To(BeAccepted())
		a.bound(ctx, call.Value("KeyPairName"), server)
	})
	DescribeTable("does not let a user bind", func(ctx SpecContext, user string) {
		call, server := a.good(ctx)
		Expect(k.SWASAs(user).Send(ctx, call)).To(BeRefused(denied))
		a.free(ctx, server)
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
	},
		Entry("who may do everything else", rule("RAM"), "swas-no-attach"),
		Entry("whose policy names one resource, which the operation does not know", rule("RAM"), "swas-arn-only"),
	)
}

// told is what an answer tells of a binding.
type told struct {
	TotalCount, FailCount any
	Results               []result
	flat                  bool // Results is an array of objects that are results
}

type result struct{ Code, Message, Success, InstanceId any }

// jsonType is how a decoded value stood in the answer.
func jsonType(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case json.Number:
		return "number"
	case bool:
		return "boolean"
	case nil:
		return "none"
	}
	return "object or array"
}

func (r result) succeeded() bool { return fmt.Sprint(r.Success) == "true" }

// plainSuccess reports whether everything in r tells of a success.
func (r result) plainSuccess() bool { return r.succeeded() && fmt.Sprint(r.Code) == "200" }

// refused are the servers whose results say in so many words that nothing was done.
func (t told) refused() []any {
	var ids []any
	for _, r := range t.Results {
		if fmt.Sprint(r.Success) == "false" {
			ids = append(ids, r.InstanceId)
		}
	}
	return ids
}

// read takes an answer apart; what is not there stays nil.
func read(answer *wire.Answer) told {
	body, err := answer.Object()
	if err != nil {
		return told{}
	}
	t := told{TotalCount: body["TotalCount"], FailCount: body["FailCount"]}
	elements, isArray := body["Results"].([]any)
	t.flat = isArray
	for _, element := range elements {
		m, isObject := element.(map[string]any)
		r := result{m["Code"], m["Message"], m["Success"], m["InstanceId"]}
		t.flat = t.flat && isObject && r != result{} // else what it says is wrapped in something
		t.Results = append(t.Results, r)
	}
	return t
}

func (t told) failures() int {
	n := 0
	for _, r := range t.Results {
		if !r.succeeded() {
			n++
		}
	}
	return n
}

// number is a count as a number, or -1 where it is none.
func (t told) number(name string) int {
	counts := map[string]any{"TotalCount": t.TotalCount, "FailCount": t.FailCount}
	n := -1
	if _, err := fmt.Sscan(fmt.Sprint(counts[name]), &n); err != nil {
		return -1
	}
	return n
}

func (t told) ids() []any {
	var ids []any
	for _, r := range t.Results {
		ids = append(ids, r.InstanceId)
	}
	return ids
}

func (t told) of(id string) result {
	i := slices.IndexFunc(t.Results, func(r result) bool { return r.InstanceId == id })
	if i < 0 {
		return result{}
	}
	return t.Results[i]
}

// observeForm writes down in which way an answer says that something could not
// be bound: by refusing the call, or by the results of the servers.
func observeForm(what string, answer *wire.Answer) {
	ObserveAnswer("a call for "+what, answer)
	if answer.Status != 200 {
		return
	}
	told := []string{}
	for _, r := range read(answer).Results {
		told = append(told, fmt.Sprintf("Code %v, Success %v", r.Code, r.Success))
	}
	slices.Sort(told)
	Observe("results for "+what, told)
}
