package turns

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// served is a run that processes connect to, with room in SWAS for two groups.
func served(t *testing.T, place target.Place) (connect func() (*Client, net.Conn)) {
	t.Helper()
	listener, err := NewRun(place, 2*vocabulary.SWASRoomOfGroup, nil).Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return func() (*Client, net.Conn) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		c := &Client{}
		c.Connect(conn)
		return c, conn
	}
}

// soon is a context that ends should a test hang.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// use counts who uses what there is only so much of, and remembers the most.
type use struct {
	mu        sync.Mutex
	now, most map[string]int
}

func (u *use) add(n int, what ...string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, w := range what {
		u.now[w] += n
		u.most[w] = max(u.most[w], u.now[w])
	}
}

func TestSpecsThatNeedOneThingNeverOverlap(t *testing.T) {
	g := NewWithT(t)
	connect := served(t, target.Place{})
	u := use{now: map[string]int{}, most: map[string]int{}}
	all := []string{vocabulary.Servers, vocabulary.ECSFull, vocabulary.SWASFull}
	const processes, specs = 6, 150
	var work sync.WaitGroup
	var ran atomic.Int64
	for p := range processes {
		c, _ := connect()
		random := rand.New(rand.NewPCG(1, uint64(p)))
		work.Go(func() {
			group, held := "", []string(nil)
			for i := range specs {
				s := vocabulary.Spec{Text: fmt.Sprint(p, " ", i), Product: "SWAS", Needs: all[:random.IntN(2)]}
				switch random.IntN(4) {
				case 0:
					s.Group, s.Holds, s.Needs = "quota", all[2:], nil
				case 1:
					s.Group, s.Holds = "room", []string{vocabulary.SWASRoom}
				}
				if s.Group != group { // it gives back what the last group held when it asks for the next
					u.add(-1, held...)
				}
				yes, err := c.Begin(soon(t), s)
				if !yes || err != nil {
					t.Errorf("spec %s: %v, %v", s.Text, yes, err)
					return
				}
				if s.Group != group {
					u.add(1, s.Holds...)
				}
				group, held = s.Group, s.Holds
				u.add(1, s.Needs...)
				ran.Add(1)
				u.add(-1, s.Needs...)
				c.End()
			}
			u.add(-1, held...)
			c.Leave()
		})
	}
	work.Wait()
	g.Expect(ran.Load()).To(BeEquivalentTo(processes * specs))
	g.Expect(u.most[vocabulary.Servers]).To(Equal(1))
	g.Expect(u.most[vocabulary.SWASFull]).To(Equal(1))
	g.Expect(u.most[vocabulary.SWASRoom]).To(BeNumerically("<=", 2))
}

func TestWhatAProcessHasIsFreeWhenItsConnectionEnds(t *testing.T) {
	g := NewWithT(t)
	connect := served(t, target.Place{})
	dying, conn := connect()
	has := vocabulary.Spec{Text: "a", Group: "quota", Holds: []string{vocabulary.SWASFull}, Needs: []string{vocabulary.Servers}}
	g.Expect(dying.Begin(soon(t), has)).To(BeTrue())
	began := make(chan bool, 1)
	other, _ := connect()
	go func() {
		yes, _ := other.Begin(soon(t), needing("b", vocabulary.SWASFull, vocabulary.Servers))
		began <- yes
	}()
	g.Expect(conn.Close()).To(Succeed())
	g.Eventually(began).WithTimeout(time.Minute).Should(Receive(BeTrue()))
}

func TestAProcessThatDiesWhileItWaitsGetsNothing(t *testing.T) {
	g := NewWithT(t)
	run := NewRun(target.Place{}, 0, nil)
	ends := make(chan struct{})
	here, there := net.Pipe()
	desk := run.Desk(t.Context(), 0)
	go func() {
		defer close(ends)
		_ = desk.Serve(there, desk)
	}()
	other := run.Desk(t.Context(), 1)
	var yes bool
	g.Expect(other.Begin(needing("a", vocabulary.Servers), &yes)).To(Succeed())
	dying := &Client{}
	dying.Connect(here)
	go func() { _, _ = dying.Begin(soon(t), needing("b", vocabulary.Servers)) }()
	g.Eventually(waits(run.table, 1)).WithTimeout(time.Minute).Should(BeTrue())
	g.Expect(here.Close()).To(Succeed())
	g.Eventually(ends).WithTimeout(time.Minute).Should(BeClosed())
	g.Expect(other.End(Nothing{}, nil)).To(Succeed())
	g.Expect(other.Begin(needing("c", vocabulary.Servers), &yes)).To(Succeed())
	g.Expect(yes).To(BeTrue())
}

func TestWhoIsInterruptedWaitsNoMore(t *testing.T) {
	g := NewWithT(t)
	connect := served(t, target.Place{})
	first, _ := connect()
	g.Expect(first.Begin(soon(t), needing("a", vocabulary.Servers))).To(BeTrue())
	second, _ := connect()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := second.Begin(ctx, needing("b", vocabulary.Servers))
	g.Expect(err).To(MatchError(context.Canceled))
}

// Where the quota fills the region that the other specs work in, those wait.
func TestInTheRegionThatIsFilledTheSpecsOfAProductRunOneAfterTheOther(t *testing.T) {
	g := NewWithT(t)
	run := NewRun(target.Place{Quota: true, World: world.World{Regions: []string{"one", "two"}}}, 0, nil)
	filling, other, ecs := run.Desk(t.Context(), 0), run.Desk(t.Context(), 1), run.Desk(t.Context(), 2)
	var yes bool
	g.Expect(filling.Begin(inGroup("quota", "a", vocabulary.SWASFull), &yes)).To(Succeed())
	g.Expect(filling.End(Nothing{}, nil)).To(Succeed())
	g.Expect(ecs.Begin(spec("of ECS"), &yes)).To(Succeed())
	began := make(chan error, 1)
	go func() {
		var yes bool
		began <- other.Begin(vocabulary.Spec{Text: "of SWAS", Product: "SWAS"}, &yes)
	}()
	g.Eventually(waits(run.table, 1)).WithTimeout(time.Minute).Should(BeTrue())
	g.Expect(filling.Leave(Nothing{}, nil)).To(Succeed())
	g.Eventually(began).WithTimeout(time.Minute).Should(Receive(BeNil()))
}

// The processes have one budget. When the one that keeps it is gone, what has been
// made may still be removed.
func TestTheGateOfAllProcessesIsOne(t *testing.T) {
	g := NewWithT(t)
	limits := guard.Limits{Requests: 1}
	connect := served(t, target.Place{Gate: guard.NewGate(limits)})
	c, conn := connect()
	gate := c.Gate(limits, 2)
	g.Expect(gate.Pass(t.Context())).To(Succeed())
	other, _ := connect()
	g.Expect(other.Gate(limits, 2).Pass(t.Context())).To(MatchError(ContainSubstring("the budget of 1 requests is used up")))
	g.Expect(other.Gate(limits, 2).Pass(guard.Cleanup(t.Context()))).To(Succeed())

	g.Expect(conn.Close()).To(Succeed())
	g.Expect(gate.Pass(t.Context())).NotTo(Succeed())
	g.Expect(gate.Pass(guard.Cleanup(t.Context()))).To(Succeed())
}
