package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/prove"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/harness/wire"
	"github.com/kpspec/kpspec/suites"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Program is the command and what it is made of. [New] fills it; tests replace
// parts of it.
type Program struct {
	Stdout, Stderr io.Writer
	Color          bool   // colour the summary
	Screen         Screen // of the standard output
	ErrScreen      Screen // of the standard error, where progress is shown
	Actions        bool   // this is a job of GitHub Actions: annotate it

	// Token makes a word that nobody can guess: uuid.NewString.
	Token func() string

	// NewTarget makes the target of a run: target.New.
	NewTarget func(target.Config, catalogue.Edition) (target.Target, error)
	// Preflight looks whether the target can be tested: target.Preflight.
	Preflight func(context.Context, target.Place) error
	// Coverage is the number of specs per rule id: suites.Coverage.
	Coverage func(catalogue.Edition) (map[string]int, error)
	// Specs are the specs of an edition: suites.Specs.
	Specs func(catalogue.Edition) ([]suites.Spec, error)
	// Execute runs the specs in so many processes, 0 is as many as fit. Its error is one of usage.
	Execute func(context.Context, suites.Config, int) (report.Report, error)
	// Again makes a command that starts this program with these arguments; nil where
	// the process is another program, such as a test.
	Again func(args ...string) (func() *exec.Cmd, error)
	// Sweep looks for what crashed runs have left: suites.Sweep.
	Sweep func(context.Context, suites.SweepConfig) (vocabulary.Swept, error)
	// Prove tries defects of the reference: prove.Run.
	Prove func(context.Context, prove.Options) (prove.Proof, error)

	remains atomic.Pointer[remains] // of the run under way
}

// New returns the command as it is shipped, writing to the standard streams of
// this process. The summary is coloured on a terminal unless NO_COLOR is set.
func New() *Program {
	p := &Program{
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Color:     os.Getenv("NO_COLOR") == "" && screen(os.Stdout) != nil,
		Screen:    screen(os.Stdout),
		ErrScreen: screen(os.Stderr),
		Actions:   os.Getenv("GITHUB_ACTIONS") == "true",
		Token:     uuid.NewString,
		NewTarget: target.New,
		Preflight: func(ctx context.Context, p target.Place) error { return target.Preflight(ctx, p) },
		Coverage:  suites.Coverage,
		Specs:     suites.Specs,
		Sweep:     suites.Sweep,
		Prove:     prove.Run,
	}
	p.Execute = p.execute
	return p
}

// Version is the version of kpspec, the same that the User-Agent of every
// request names; "devel" where the Go tool has not built one in.
func Version() string {
	_, version, _ := strings.Cut(wire.UserAgent(), "/")
	return version
}

// failure is an error with the exit code it ends the process with.
type failure struct {
	code int
	err  error
}

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

func usage(format string, args ...any) error {
	return failure{verdict.ExitUsage, fmt.Errorf(format, args...)}
}

func incomplete(format string, args ...any) error {
	return failure{verdict.ExitIncomplete, fmt.Errorf(format, args...)}
}

// Main runs the command and returns the exit code of the process. When ctx ends,
// the run is cut short, the target is stopped, and the code is 3.
func (p *Program) Main(ctx context.Context, args []string) int {
	root, code := p.Command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return *code
	}
	_, _ = fmt.Fprintf(p.Stderr, "kpspec: %s\n", plain.Text(plain.Line(err.Error())))
	if f, ok := errors.AsType[failure](err); ok {
		return f.code
	}
	return verdict.ExitUsage // cobra's own: an unknown flag, a bad value, arguments where none belong
}

// Command is the command with all that belong to it, and the exit code of one
// that was executed without an error.
func (p *Program) Command() (*cobra.Command, *int) {
	code := verdict.ExitConformant
	root := &cobra.Command{
		Use:   "kpspec",
		Short: "Contract tests for the key pair APIs of Alibaba Cloud",
		Long: `kpspec tests whether something behaves as the documents of Alibaba Cloud's key
pair APIs say: its reference implementation, a container, or an endpoint.

Exit codes: 0 conformant, 1 not conformant, 2 wrong usage or configuration,
3 incomplete (something could not be tested).`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %q; see kpspec --help", args[0])
			}
			return usage("no command; to test the embedded reference: kpspec run")
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.AddCommand(
		p.runCommand(&code), p.replayCommand(), p.sweepCommand(&code), p.doctorCommand(&code), p.reportCommand(), p.compareCommand(&code),
		p.deviationsCommand(), p.rulesCommand(), p.listCommand(), p.explainCommand(), p.initCommand(), p.worldCommand(), p.proveCommand(&code),
		p.versionCommand(), p.workCommand())

	return root, &code
}

func (p *Program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.Stdout, "kpspec %s\n", Version())
			return broken(err)
		},
	}
}

// noArgs refuses arguments: a forgotten --rule would otherwise select everything.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage("unexpected argument %q; kpspec %s takes flags only, see kpspec %s --help", args[0], c.Name(), c.Name())
}

// broken is the error of an output that cannot be written.
func broken(err error) error {
	if err == nil {
		return nil
	}
	return incomplete("cannot write the output: %w", err)
}

// choice is a flag that takes one of a few words.
type choice[S ~string] struct {
	value *S
	known []S
}

func (c choice[S]) String() string { return "" }
func (c choice[S]) Type() string   { return strings.Join(c.words(), "|") }

func (c choice[S]) Set(s string) error {
	for _, k := range c.known {
		if s == string(k) {
			*c.value = k
			return nil
		}
	}
	return fmt.Errorf("must be %s", strings.Join(c.words(), " or "))
}

func (c choice[S]) words() []string {
	var words []string
	for _, k := range c.known {
		words = append(words, string(k))
	}
	return words
}

func editionChoice(e *catalogue.Edition) choice[catalogue.Edition] {
	return choice[catalogue.Edition]{e, []catalogue.Edition{catalogue.Edition202606, catalogue.Edition202011}}
}
