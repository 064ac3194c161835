package spread

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/turns"
	"github.com/kpspec/kpspec/suites"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Most is how many processes a run may have.
const Most = 64

// farewell is how long processes have to clean up once the run was interrupted.
const farewell = time.Minute

// Command is how a process of a run is started: this program, with the argument
// that makes it call [Work].
// It is an error where the system does not tell.
func Command(args ...string) (func() *exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("this program cannot start itself: %w; use --procs 1", err)
	}
	return func() *exec.Cmd { return exec.Command(program, args...) }, nil
}

// Run is [suites.Execute] with the specs spread over so many processes, each of
// which command makes. A process that cannot be started, or ends before it has
// handed over its results, makes the specs it had could-not-run, and the run
// incomplete in any case.
func Run(ctx context.Context, cfg suites.Config, processes int, command func() *exec.Cmd) (report.Report, error) {
	started := time.Now()
	plan, err := newPlan(ctx, cfg, processes)
	if err != nil {
		return report.Report{}, err
	}
	var (
		mu     sync.Mutex
		shares []suites.Share
		causes []string
		all    sync.WaitGroup
	)
	for who := range processes {
		all.Go(func() {
			share, err := plan.process(ctx, who, command())
			mu.Lock()
			defer mu.Unlock()
			shares = append(shares, share)
			if err != nil {
				cause := fmt.Sprintf("process %d of %d: %v", who+1, processes, err)
				causes = append(causes, cause)
				shares = append(shares, suites.Share{Kept: []string{cause + "; what it had made may be left"}})
			}
		})
	}
	all.Wait()
	return suites.Merge(ctx, cfg, started, strings.Join(causes, "; "), shares...)
}

// plan is what the processes of a run have in common.
type plan struct {
	*turns.Run
	cfg       suites.Config
	processes int
}

func newPlan(ctx context.Context, cfg suites.Config, processes int) (*plan, error) {
	cfg.Place.Patience = cmp.Or(cfg.Place.Patience, patience.New(patience.Limits{}))
	room, err := suites.Room(ctx, cfg)
	if err != nil {
		return nil, err
	}
	// The specs of SWAS, which share more, are for some of the processes, those of ECS for the others.
	ofSWAS := min(4, processes/2)
	both, err := suites.Products(cfg)
	if err != nil {
		return nil, err
	}
	mayTake := func(who int, s vocabulary.Spec) bool { return len(both) < 2 || (who < ofSWAS) == (s.Product == "SWAS") }
	return &plan{turns.NewRun(cfg.Place, room, mayTake), cfg, processes}, nil
}

// process starts one process and serves it until it ends.
func (p *plan) process(ctx context.Context, who int, cmd *exec.Cmd) (suites.Share, error) {
	d := &desk{Desk: p.Desk(ctx, who), plan: p, ctx: ctx, who: who}
	defer func() { _ = d.Leave(turns.Nothing{}, nil) }() // it never fails
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		return suites.Share{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return suites.Share{}, err
	}
	if err := cmd.Start(); err != nil {
		return suites.Share{}, err
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-over:
			return
		case <-ctx.Done():
		}
		timer := time.NewTimer(farewell)
		defer timer.Stop()
		select {
		case <-over:
		case <-timer.C:
			_ = cmd.Process.Kill() // it has had its time; what it left stands in its ledger
		}
	}()
	if err := d.Serve(duplex{out, in}, d); err != nil {
		return suites.Share{}, errors.Join(err, cmd.Wait())
	}
	err = cmd.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.share == nil {
		said := strings.Join(strings.Fields(complaint.String()), " ")
		return suites.Share{}, fmt.Errorf("it ended before it had handed over its results (%v) %s", err, said[:min(len(said), 500)])
	}
	return *d.share, nil
}

// Job is what a process is to do.
type Job struct {
	ECS, SWAS    string
	World        string // as YAML: only so are its secrets written
	Shape        string
	Quota        bool
	Fleeting     bool
	SpareServers bool
	Lacks        []string
	Limits       guard.Limits    // of all processes; requests have to be asked for
	Waits        patience.Limits // likewise; time has to be asked for
	Processes    int
	Edition      string
	Rules        []string
	Version      string
	Timeout      time.Duration
	Seed         int64
	Ledger       string
}

// desk is what one process may ask of the run.
type desk struct {
	*turns.Desk
	plan *plan
	ctx  context.Context
	who  int

	mu    sync.Mutex
	share *suites.Share
}

// Job tells the process what to do.
func (d *desk) Job(_ turns.Nothing, job *Job) error {
	cfg := d.plan.cfg
	world, err := yaml.Marshal(cfg.Place.World)
	if err != nil {
		return err
	}
	*job = Job{
		ECS: cfg.Place.ECS, SWAS: cfg.Place.SWAS, World: string(world), Shape: string(cfg.Place.Shape),
		Quota: cfg.Place.Quota, Fleeting: cfg.Place.Fleeting, SpareServers: cfg.Place.SpareServers, Lacks: cfg.Place.Lacks,
		Limits: cfg.Place.Gate.Limits(), Waits: cfg.Place.Patience.Limits(), Processes: d.plan.processes,
		Edition: string(cfg.Edition), Rules: cfg.Rules, Version: cfg.Version, Timeout: cfg.Timeout, Seed: cfg.Seed,
		Ledger: ledgerOf(cfg.Ledger, d.who),
	}
	return nil
}

// ledgerOf is the file of a process beside the one that the run was to have.
func ledgerOf(file string, who int) string {
	if file == "" {
		return ""
	}
	end := filepath.Ext(file)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file, end), who+1, end)
}

// Over returns when the run was interrupted, or the process has ended.
func (d *desk) Over(turns.Nothing, *turns.Nothing) error {
	d.Wait()
	return nil
}

// Deliver takes the results of the process.
func (d *desk) Deliver(share suites.Share, _ *turns.Nothing) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.share = &share
	return nil
}
