package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/replay"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

// ownAddress is where kpref listens unless told otherwise. Lines for a shell name
// it where the target is gone once kpspec has ended.
const ownAddress = "http://127.0.0.1:8080"

func (p *Program) replayCommand() *cobra.Command {
	var config string
	var printOnly bool
	c := &cobra.Command{
		Use:   "replay REPORT.json RULE",
		Short: "Send the recorded requests of a rule again, and print them as lines for a shell",
		Long: `Send the requests that a report has recorded for a rule again, with a new nonce,
time and signature, and say what came then and now. Each is also printed as a curl
line, signed and good for one use within 15 minutes, and as a line of the aliyun
CLI. What the replay makes on the target it removes; what was there it leaves.

Without --config it goes to the kind of target that the report is of: the embedded
reference, with its defect if it had one, or the container's image.

Exit codes: 0 sent, 2 no such rule in the report or nothing recorded, 3 the target
cannot be reached, or something was left on it.`,
		Example: `  kpspec replay report.json ECS-IMP-NAME-LEN-MAX
  kpspec replay report.json ECS-IMP-NAME-LEN-MAX --print --config kpspec.yaml`,
		ValidArgsFunction: p.completeReplay,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("kpspec replay takes a report and the id of a rule")
			}
			return p.replay(c.Context(), args[0], args[1], config, printOnly)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&config, "config", "", "YAML `FILE` that describes the target to send to (default the kind that the report is of)")
	flags.BoolVar(&printOnly, "print", false, "print the lines and send nothing")
	return c
}

// replay does the work of `kpspec replay`.
func (p *Program) replay(ctx context.Context, file, id, config string, printOnly bool) error {
	r, err := readReport(file)
	if err != nil {
		return err
	}
	rule, err := recordedRule(r, id)
	if err != nil {
		return err
	}
	cfg, err := replayTarget(r, config)
	if err != nil {
		return err
	}
	w, err := cfg.Served()
	if err != nil {
		return usage("%w", err)
	}
	t, err := p.NewTarget(cfg, cfg.Edition)
	if err != nil {
		return usage("%w", err)
	}
	o := replay.Options{Rule: rule, World: w, ECS: ownAddress, SWAS: ownAddress, Timeout: cfg.Timeout, Out: p.Stdout}
	ctx = wire.WithRule(ctx, rule.ID)
	if !printOnly || cfg.Target == target.Endpoint { // an endpoint is there already: nothing is sent by Start
		defer func() { _ = t.Stop(context.WithoutCancel(ctx)) }()
		place, err := t.Start(ctx)
		if err != nil {
			return incomplete("the target cannot be reached: %s", plain.Line(err.Error()))
		}
		if cfg.Target == target.Endpoint {
			o.ECS, o.SWAS = place.ECS, place.SWAS
		}
		if !printOnly {
			if err := p.Preflight(ctx, needed(place, rule)); err != nil {
				return incomplete("the target cannot be reached: %s", plain.Line(err.Error()))
			}
			place.Shape = target.ShapeOf(ctx, needed(place, rule))
			o.Place = &place
		}
	}
	if err := p.introduce(t, cfg, o); err != nil {
		return broken(err)
	}
	err = replay.Run(ctx, o)
	if err == nil && ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		return incomplete("%w", err)
	}
	return nil
}

// introduce says where the requests go, and where the lines for a shell do.
func (p *Program) introduce(t target.Target, cfg target.Config, o replay.Options) error {
	where := "sent to   " + t.Name()
	if o.Place == nil {
		where = "sent to   nobody (--print)"
	}
	at := strings.Join(slices.Compact(slices.DeleteFunc([]string{o.ECS, o.SWAS}, func(s string) bool { return s == "" })), " and ")
	lines := fmt.Sprintf("lines     for %s, each good for one use until %s", at, time.Now().UTC().Add(replay.Holds).Format("15:04:05Z"))
	switch cfg.Target {
	case target.Reference:
		start := "kpref"
		if cfg.Defect != "" {
			start += " --defect " + cfg.Defect
		}
		if cfg.Edition != catalogue.Edition202606 {
			start += " --edition " + string(cfg.Edition)
		}
		lines += "\n          start it with: " + start
	case target.Container:
		lines += fmt.Sprintf("\n          start it with: docker run --rm -p 8080:%d %s", cmp.Or(cfg.Container.Port, 8080), t.Name())
	}
	_, err := fmt.Fprintf(p.Stdout, "%s\n%s\n\n", where, lines)
	return err
}

// recordedRule is a rule of a report of which requests are recorded.
func recordedRule(r report.Report, id string) (report.Rule, error) {
	ids := []string{}
	for _, rule := range r.Rules {
		if strings.EqualFold(rule.ID, id) {
			for _, s := range rule.Specs {
				if len(s.Exchanges) > 0 {
					return rule, nil
				}
			}
			return rule, usage("rule %s is %s in the report, and no requests of it are recorded%s", rule.ID, rule.Verdict, withRecords(r))
		}
		ids = append(ids, rule.ID)
	}
	return report.Rule{}, usage("no rule %q in the report%s", id, catalogue.DidYouMean(id, ids))
}

// withRecords names the rules of a report that can be replayed.
func withRecords(r report.Report) string {
	const few = 5
	var ids []string
	for _, rule := range r.Rules {
		if slices.ContainsFunc(rule.Specs, func(s report.Spec) bool { return len(s.Exchanges) > 0 }) {
			ids = append(ids, rule.ID)
		}
	}
	switch {
	case len(ids) == 0:
		return "; nor of any other"
	case len(ids) > few:
		return fmt.Sprintf("; they are of %d others, such as %s", len(ids), strings.Join(ids[:few], ", "))
	}
	return "; they are of " + strings.Join(ids, ", ")
}

// replayTarget is the target of --config, or one like that of the report.
func replayTarget(r report.Report, config string) (target.Config, error) {
	var cfg target.Config
	if config != "" {
		var err error
		if cfg, err = readConfig(config); err != nil {
			return cfg, err
		}
		cfg.Target = cmp.Or(cfg.Target, target.Reference)
	} else {
		switch cfg.Target = target.Kind(r.Target.Kind); cfg.Target {
		case target.Reference:
			cfg.Defect = r.Target.Defect
		case target.Container:
			cfg.Container.Image = r.Target.Name
		case target.Endpoint:
			return cfg, usage("the report is of an endpoint, %s; name the file with its addresses and its world by --config", plain.Line(r.Target.Name))
		default:
			return cfg, usage("the report is of a target of the unknown kind %q; name another one by --config", r.Target.Kind)
		}
	}
	cfg.Edition = r.Edition
	return cfg, nil
}

// needed is the place with the product of the rule alone.
func needed(place target.Place, rule report.Rule) target.Place {
	ecs, swas := false, false
	for _, s := range rule.Specs {
		for _, x := range s.Exchanges {
			ecs, swas = ecs || x.Product == "ECS", swas || x.Product == "SWAS"
		}
	}
	if !ecs {
		place.ECS = ""
	}
	if !swas {
		place.SWAS = ""
	}
	return place
}
