package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/spread"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// runFlags are the flags of `kpspec run`. They override the configuration file.
type runFlags struct {
	config, image, report, deviations string
	ledger, defect, rerun             string
	target                            target.Kind
	edition                           catalogue.Edition
	rules, outputs                    []string
	strict, quota, servers            bool
	quiet, verbose                    bool
	timeout, retryFor, consistency    time.Duration
	seed                              int64
	procs                             int
}

func (p *Program) runCommand(code *int) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "Test a target and say whether it conforms",
		Long: `Test a target and say whether it conforms. Without flags the embedded reference
is tested, in the newest edition of the documents.

The summary goes to the standard output and ends with the causes of failures and
the verdict; progress goes to the standard error. An interrupt cleans up and
writes the report, a second one ends at once.

Exit codes: 0 conformant, 1 not conformant, 2 wrong usage or configuration,
3 incomplete (something could not be tested).`,
		Example: `  kpspec run
  kpspec run --target container --image registry.example/emulator:1.2 --report report.json
  kpspec run --target endpoint --config kpspec.yaml --rule 'ECS-IMP-NAME-*' --strict`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := f.configuration(c)
			if err != nil {
				return err
			}
			*code, err = p.run(c.Context(), cfg, f)
			return err
		},
	}
	f.targetFlags(c)
	f.selectionFlags(c)
	flags := c.Flags()
	flags.BoolVar(&f.strict, "strict", false, "a SHOULD that is not met fails")
	flags.BoolVar(&f.quota, "quota", false, "run the specs that create hundreds of key pairs (default true, on an endpoint false)")
	flags.BoolVar(&f.servers, "servers", false, "run the specs that bind key pairs to servers (default true, on an endpoint elsewhere false)")
	flags.StringVar(&f.report, "report", "", "write the report to `FILE.json`")
	flags.StringArrayVar(&f.outputs, "output", nil, "write the report as `FORMAT=FILE` too: "+formatList()+"; may be repeated")
	flags.StringVar(&f.deviations, "deviations", "", "YAML `FILE` of the deviations that are known; kpspec deviations write makes one")
	flags.StringVar(&f.ledger, "ledger", "", "`FILE` to write down in what is made, before it is made (default, for an endpoint, one in the state folder)")
	flags.DurationVar(&f.timeout, "timeout", 0, "longest wait for one answer (default 10s)")
	flags.DurationVar(&f.retryFor, "retry-for", 0, "most that all waits take together before something is tried again that met bad weather (default 1m, elsewhere 2m, the reference 0s)")
	flags.DurationVar(&f.consistency, "consistency", 0, "longest wait for a change to show in lists; 0s is strict (default 1s, elsewhere 5s, the reference 0s)")
	flags.IntVar(&f.procs, "procs", 0, "spread the specs over `N` processes (default 1, more where the target is slow to answer)")
	flags.Int64Var(&f.seed, "seed", 0, "run the specs in the random order of this seed (default the order of the files)")
	flags.BoolVar(&f.quiet, "quiet", false, "print the ids of the rules that failed and the verdict only, and no progress")
	flags.BoolVar(&f.verbose, "verbose", false, "print every rule with verdict and time, and of what is not met every exchange")
	return c
}

// targetFlags are the flags that say what is tested.
func (f *runFlags) targetFlags(c *cobra.Command) {
	flags := c.Flags()
	flags.SortFlags = false
	kinds := choice[target.Kind]{&f.target, target.Kinds()}
	flags.Var(kinds, "target", "what to test (default reference)")
	flags.StringVar(&f.config, "config", "", "YAML file that describes the target; flags override it")
	flags.StringVar(&f.image, "image", "", "image of the container target (default "+target.DefaultImage+")")
	flags.StringVar(&f.defect, "reference-defect", "", "test the embedded reference with the declared defect `ID`; kpspec prove --list lists them")
	complete(c, "target", kinds.words)
	complete(c, "reference-defect", defectIDs)
}

// selectionFlags are the flags that say which rules are tested.
func (f *runFlags) selectionFlags(c *cobra.Command) {
	flags := c.Flags()
	editions := editionChoice(&f.edition)
	flags.StringArrayVar(&f.rules, "rule", nil, "test the rules that match `ID|pattern` (* ? [...]); may be repeated (default all)")
	flags.StringVar(&f.rerun, "rerun-failed", "", "test the rules that failed, warned or could not run in `REPORT.json`, in its edition")
	flags.Var(editions, "edition", "edition of the documents (default 2026-06)")
	complete(c, "rule", ruleIDs)
	complete(c, "edition", editions.words)
}

// rerunFailed selects what did not go well in the report of --rerun-failed.
func (f *runFlags) rerunFailed() error {
	if len(f.rules) > 0 {
		return usage("--rerun-failed and --rule both say which rules to test; use one of them")
	}
	if f.rerun == "" {
		return usage("--rerun-failed: no report is named")
	}
	r, err := readReport(f.rerun)
	if err != nil {
		return err
	}
	for _, rule := range r.Rules {
		switch rule.Verdict {
		case verdict.Failed, verdict.Warned, verdict.CouldNotRun:
			f.rules = append(f.rules, rule.ID)
		}
	}
	if len(f.rules) == 0 {
		return usage("--rerun-failed: no rule failed, warned or could not run in %s", f.rerun)
	}
	if f.edition == "" {
		f.edition = r.Edition
	}
	return nil
}

// configuration is the file of --config with the flags that were given over it.
func (f *runFlags) configuration(c *cobra.Command) (target.Config, error) {
	var cfg target.Config
	given := c.Flags().Changed
	if given("rerun-failed") {
		if err := f.rerunFailed(); err != nil {
			return cfg, err
		}
	}
	if given("config") {
		var err error
		if cfg, err = readConfig(f.config); err != nil {
			return cfg, err
		}
	}
	cfg.Target = cmp.Or(f.target, cfg.Target, target.Reference)
	if given("reference-defect") {
		if f.defect == "" {
			return cfg, usage("--reference-defect: no defect is named; kpspec prove --list lists them")
		}
		if cfg.Target != target.Reference {
			return cfg, usage("--reference-defect is for the embedded reference, but the target is %s", cfg.Target)
		}
		cfg.Defect = f.defect
	}
	cfg.Edition = cmp.Or(f.edition, cfg.Edition, target.EditionOf(cfg.Defect), catalogue.Edition202606)
	if given("strict") {
		cfg.Strict = f.strict
	}
	if given("quota") {
		cfg.Quota = &f.quota
	}
	if given("servers") {
		cfg.Servers = &f.servers
	}
	if given("procs") && (f.procs < 1 || f.procs > spread.Most) {
		return cfg, usage("--procs: %d is no number of processes; write one from 1 to %d", f.procs, spread.Most)
	}
	if given("ledger") && f.ledger == "" {
		return cfg, usage("--ledger: no file is named")
	}
	if given("timeout") {
		if f.timeout <= 0 {
			return cfg, usage("--timeout: %s is not a usable duration; write one such as 10s", f.timeout)
		}
		cfg.Timeout = f.timeout
	}
	for name, d := range map[string]time.Duration{"retry-for": f.retryFor, "consistency": f.consistency} {
		if d < 0 {
			return cfg, usage("--%s: %s is not a usable duration; write one such as 5s, or 0s for no wait at all", name, d)
		}
	}
	if given("retry-for") {
		cfg.RetryFor = &f.retryFor
	}
	if given("consistency") {
		cfg.Consistency = &f.consistency
	}
	if given("image") {
		if f.image == "" {
			return cfg, usage("--image: no image is named")
		}
		if cfg.Target != target.Container {
			return cfg, usage("--image needs --target container, but the target is %s", cfg.Target)
		}
		cfg.Container.Image = f.image
	}
	if f.quiet && f.verbose {
		return cfg, usage("--quiet and --verbose: give one of them")
	}
	if given("report") && f.report == "" {
		return cfg, usage("--report: no file is named")
	}
	if given("deviations") && f.deviations == "" {
		return cfg, usage("--deviations: no file is named")
	}
	return cfg, nil
}

// book is the file of the run's ledger. Only an endpoint outlives the run.
func (f runFlags) book(cfg target.Config, started time.Time) (string, error) {
	if f.ledger != "" || cfg.Target != target.Endpoint {
		return f.ledger, nil
	}
	return ledger.NewFile(started)
}

// readConfig reads the file of --config.
func readConfig(name string) (target.Config, error) {
	file, err := os.Open(name)
	if err != nil {
		return target.Config{}, usage("--config: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	cfg, err := target.ReadConfig(file, name)
	if err != nil {
		return target.Config{}, usage("%w", err)
	}
	return cfg, nil
}

// run does the work of `kpspec run` and returns the exit code. Its errors carry
// theirs.
func (p *Program) run(ctx context.Context, cfg target.Config, f runFlags) (code int, err error) {
	started := time.Now()
	rules, err := catalogue.Load()
	if err != nil {
		return 0, incomplete("the embedded catalogue: %w", err)
	}
	selected, specs, err := p.selection(rules, cfg.Edition, f.rules)
	if err != nil {
		return 0, err
	}
	known, err := readDeviations(f.deviations, rules)
	if err != nil {
		return 0, err
	}
	t, err := p.NewTarget(cfg, cfg.Edition)
	if told := p.announce(ctx, cfg, f.rules, err); told != nil {
		return 0, told
	}
	if err != nil {
		return 0, usage("%w", err)
	}
	book, err := f.book(cfg, started)
	if err != nil {
		return 0, usage("--ledger: %w", err)
	}
	out, err := newOutputs(f.report, f.outputs)
	if err != nil {
		return 0, err
	}
	defer out.discard()

	// Until the target is up, the report is this: nothing could run.
	undone := func(cause string) report.Report {
		return report.Build(report.Input{
			Catalogue: rules, Edition: cfg.Edition, Strict: cfg.Strict, Version: Version(),
			Target:   report.Target{Kind: string(t.Kind()), Name: t.Name(), Defect: target.DefectOf(t)},
			Selected: selected, Specs: specs, Cause: cause,
			Started: started, Duration: time.Since(started),
		})
	}
	stopped := false
	stop := func() error {
		if stopped {
			return nil
		}
		stopped = true
		return t.Stop(context.WithoutCancel(ctx))
	}
	defer func() { err = errors.Join(err, stop()) }() // whatever happens, a panic of the suites included

	show := p.showProgress(f.quiet)
	defer show.End()
	defer context.AfterFunc(ctx, show.Interrupt)()
	p.remains.Store(&remains{t: t, files: out.temporary()})
	defer p.remains.Store(nil)
	show.Phase("starting " + t.Name())
	place, err := t.Start(ctx)
	if err == nil {
		p.tellLimits(cfg, place, book)
		show.Phase("asking " + t.Name() + " a first question")
		err = p.Preflight(ctx, asked(place, rules, selected))
	}
	if err != nil {
		cause := "the target cannot be tested: " + plain.Line(err.Error())
		if ctx.Err() != nil {
			cause = interrupted
		}
		r := undone(cause)
		r.TargetLog = t.Logs(ctx)
		return 0, errors.Join(incomplete("%s", cause), noteStop(&r, stop()), out.write(r))
	}

	r, err := p.Execute(ctx, suites.Config{
		Target: t, Place: place, Edition: cfg.Edition, Rules: f.rules, Strict: cfg.Strict,
		Version: Version(), Timeout: cfg.Timeout, Seed: f.seed, Deviations: known, Ledger: book, Tell: show.Tell,
	}, f.procs)
	switch {
	case err != nil && ctx.Err() != nil:
		r = undone(interrupted)
	case err != nil:
		return 0, usage("%w", err)
	}
	if r.ExitCode != verdict.ExitConformant {
		r.TargetLog = t.Logs(ctx)
	}
	err = noteStop(&r, stop())
	if ctx.Err() != nil {
		r = r.Interrupted()
	}
	show.End()
	err = errors.Join(err, out.write(r), broken(p.present(r, report.View{File: f.report, Quiet: f.quiet, Verbose: f.verbose})))
	if err != nil {
		// A result that did not arrive is none.
		return 0, failure{cmp.Or(r.ExitCode, verdict.ExitIncomplete), err}
	}
	return r.ExitCode, nil
}

// execute runs the specs in this process, or spreads them over more; 0 is as many
// as fit.
func (p *Program) execute(ctx context.Context, cfg suites.Config, processes int) (report.Report, error) {
	if p.Again == nil {
		processes = 1
	}
	if processes != 1 {
		cfg.Place.Shape = target.ShapeOf(ctx, cfg.Place)
	}
	if processes == 0 {
		processes = spread.Fitting(ctx, cfg)
	}
	if processes == 1 {
		return suites.Execute(ctx, cfg)
	}
	command, err := p.Again(workCommand)
	if err != nil {
		return report.Report{}, err
	}
	return spread.Run(ctx, cfg, processes, command)
}

// interrupted is why rules have no verdict after a signal.
const interrupted = "the run was interrupted"

// showProgress begins to show the progress of a run, unless nobody wants to see it.
func (p *Program) showProgress(quiet bool) *progress {
	if quiet {
		return nil
	}
	return newProgress(p.Stderr, p.ErrScreen, time.Tick(redraw))
}

// asked is the place without the products of which no rule is selected. A
// target that has only one of them can be tested by its rules alone.
func asked(place target.Place, rules *catalogue.Catalogue, selected []string) target.Place {
	products := map[string]bool{}
	for _, id := range selected {
		if rule, ok := rules.Rule(id); ok {
			products[rule.Product] = true
		}
	}
	if !products["ECS"] {
		place.ECS = ""
	}
	if !products["SWAS"] {
		place.SWAS = ""
	}
	return place
}

// noteStop notes in the report that the target could not be stopped. What stays
// behind is no reason for a green run.
func noteStop(r *report.Report, err error) error {
	if err == nil {
		return nil
	}
	r.CleanupErrors = append(r.CleanupErrors, plain.Line(err.Error()))
	if r.ExitCode == verdict.ExitConformant {
		*r = r.Interrupted()
	}
	return err
}

// selection gives the ids of the rules that match the patterns, and the number
// of specs of every rule. It is an error of usage when they have none at all.
func (p *Program) selection(rules *catalogue.Catalogue, edition catalogue.Edition, patterns []string) ([]string, map[string]int, error) {
	matched, err := rules.Match(patterns...)
	if err != nil {
		return nil, nil, usage("--rule: %w", err)
	}
	specs, err := p.Coverage(edition)
	if err != nil {
		return nil, nil, incomplete("the suites: %w", err)
	}
	var selected []string
	why, covered := "", 0
	for _, rule := range matched {
		selected = append(selected, rule.ID)
		covered += specs[rule.ID]
		if why == "" {
			why = fmt.Sprintf("%s: %s", rule.ID, reason(rule, edition))
		}
	}
	if covered == 0 {
		return nil, nil, usage("nothing to test: none of the selected rules has a spec in the %s edition (%s); see kpspec rules", edition, why)
	}
	return selected, specs, nil
}

// reason says why a rule without specs has none.
func reason(rule catalogue.Rule, edition catalogue.Edition) string {
	switch {
	case rule.Excluded != "":
		return "excluded: " + rule.Excluded
	case !rule.InEdition(edition):
		return "not in this edition"
	}
	return "no spec yet"
}
