package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/defect"
	"github.com/kpspec/kpspec/reference/idempotence"
	"github.com/kpspec/kpspec/reference/weather"
)

// Exit codes of the program.
const (
	exitOK     = 0
	exitFailed = 1 // it could not listen, or not go on
	exitUsage  = 2 // a flag, a variable or the world file is wrong
)

// The limits of the HTTP server. The largest request that is valid, with twenty tags of the longest kind in the query, has
// less than 128 KiB of header.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second // a key may have to be made meanwhile
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 192 << 10
	graceTimeout      = 5 * time.Second // for calls under way when the end comes
)

// defaultPoolSize is enough for clients that create key pairs in bursts, and about ten seconds of one processor to make.
const defaultPoolSize = 64

// Garbage is how much of it there may be before kpref collects it, in percent of what is in use: it makes some for each request
// and keeps little.
const Garbage = 400

// prefix begins the environment variable of each flag: KPREF_LOG_LEVEL for --log-level.
const prefix = "KPREF_"

// settings are the flags.
type settings struct {
	listen, admin, world, logLevel string
	defect                         string
	options                        reference.Options
	weather                        forecast
}

// Main runs the program until ctx is over and returns its exit code: 0 after a graceful end or help, 1 when it could not
// listen, 2 for a wrong flag, environment variable or world. What is wrong is said in one line on stderr. The first line on
// stdout, "kpref listening on http://HOST:PORT" (or "kpref with the defect ID listening on ..."), says where it listens, as
// soon as it does. With --admin there is a second, "kpref admin on http://HOST:PORT".
func Main(ctx context.Context, args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	err := Command(args, lookup, stdout, stderr).ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "kpref: "+strings.ReplaceAll(err.Error(), "\n", "; "))
	var failed failure
	if errors.As(err, &failed) {
		return exitFailed
	}
	return exitUsage
}

// Command is the program with its flags and the arguments of Main, not yet executed.
func Command(args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) *cobra.Command {
	var s settings
	command := &cobra.Command{
		Use:   "kpref",
		Short: "kpref serves the reference implementation of the key pair APIs, in memory",
		Long: "kpref serves the reference implementation of the key pair APIs, in memory.\n\n" +
			"Every flag can be set by an environment variable too, such as " + prefix + "LOG_LEVEL for --log-level.\n" +
			"The flag wins; an empty variable counts as not set.",
		Args:              cobra.NoArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PreRunE:           func(c *cobra.Command, _ []string) error { return fromEnvironment(c.Flags(), lookup) },
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.spoil(c.Flags().Changed("edition")); err != nil {
				return err
			}
			return s.serve(c.Context(), lookup, stdout, stderr)
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address to listen at; port 0 chooses a free one")
	flags.StringVar(&s.world, "world", "", "YAML file with the regions, accounts and access keys to serve (default: built in)")
	flags.StringVar(&s.options.Edition, "edition", "2026-06", "edition of the ECS documents: 2026-06 or 2020-11")
	flags.StringVar(&s.options.Fingerprint, "fingerprint", "rfc4716", "how fingerprints are printed: rfc4716 or plain")
	flags.StringVar(&s.options.KeyCheck, "key-check", "strict", "how public keys are checked: strict or shallow")
	flags.StringVar(&s.options.PrivateKey, "private-key", "pkcs8", "form of generated private keys: pkcs8 or pkcs1")
	flags.StringVar(&s.options.AttachUnknown, "attach-unknown", "call-error",
		"SWAS servers that do not exist, among others that do: call-error or per-instance")
	flags.StringVar(&s.options.TokenScope, "token-scope", "operation", "how far a ClientToken reaches: operation or account")
	flags.DurationVar(&s.options.TokenLifetime, "token-lifetime", idempotence.DefaultLifetime, "for how long a ClientToken is remembered")
	flags.IntVar(&s.options.PoolSize, "pool-size", defaultPoolSize,
		"generated keys to keep ready, once the first was asked for; 0 makes none ahead of time")
	flags.StringVar(&s.defect, "defect", "", "serve with one declared defect, to see its fault; reference/defect/DEFECTS.md lists the ids")
	flags.StringVar(&s.logLevel, "log-level", "warn", "debug, info (a line for each request), warn or error")
	flags.Var(&s.weather, "weather", "bad weather, such as latency=50ms or throttling=5%; more of it separated by commas, or\n"+
		"with the flag again; the kinds are "+strings.Join(weather.Kinds(), ", ")+" (default: none)")
	flags.Uint64Var(&s.weather.Seed, "weather-seed", 1, "decides which requests meet the weather")
	flags.StringVar(&s.admin, "admin", "", "another address, where the weather can be asked for and changed while kpref runs, such as\n"+
		"127.0.0.1:8081; :8081 is the same, for who reaches it can do harm (default: there is none)")
	command.SetArgs(args)
	command.SetOut(stdout)
	command.SetErr(stderr)

	return command
}

// Variable is the environment variable that a flag can be set by.
func Variable(flag string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// failure is an error that is nobody's wrong usage.
type failure struct{ error }

// fromEnvironment sets the flags that were not given from their variables.
func fromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var err error
	flags.VisitAll(func(f *pflag.Flag) {
		name := Variable(f.Name)
		value, _ := lookup(name)
		if f.Changed || value == "" || f.Name == "help" {
			return
		}
		if bad := flags.Set(f.Name, value); bad != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, bad))
		}
	})
	return err
}

// spoil gives the server the defect that was asked for, and the edition whose rules that breaks. chosen says that an edition
// was asked for.
func (s *settings) spoil(chosen bool) error {
	if s.defect == "" {
		return nil
	}
	d, err := defect.Find(s.defect)
	if err != nil {
		return fmt.Errorf("defect: %w (reference/defect/DEFECTS.md lists them)", err)
	}
	asked := s.options.Edition
	if s.options = d.In(s.options); chosen && s.options.Edition != asked {
		return fmt.Errorf("defect: %s breaks rules of the %s edition, not of %s", s.defect, d.Edition, asked)
	}
	return nil
}

// serve listens until ctx is over.
func (s *settings) serve(ctx context.Context, lookup func(string) (string, bool), stdout, stderr io.Writer) error {
	log, err := s.check(stderr)
	if err != nil {
		return err
	}
	w, err := readWorld(s.world, lookup)
	if err != nil {
		return err
	}
	s.options.Logger = log
	var sky *weather.Weather // nil: there is no weather, and none can come
	if !s.weather.Fair() || s.admin != "" {
		sky = weather.New(s.weather.Forecast, weather.Config{Logger: log})
		s.options.Clock = sky.Now
		spoiled := s.options.Change // by the defect, if there is one
		s.options.Change = func(p *reference.Parts) {
			if spoiled != nil {
				spoiled(p)
			}
			sky.Into(p)
		}
	}
	server, err := reference.New(w, s.options)
	if err != nil {
		return err
	}
	defer server.Close()
	api := http.Handler(server)
	if sky != nil {
		api = sky.Before(server)
	}
	doors := []*door{{name: "listening", address: s.listen, handler: api}}
	if s.admin != "" {
		doors = append(doors, &door{name: "admin", address: s.admin, handler: admin(sky)})
	}
	for _, d := range doors {
		if err := d.open(ctx, log); err != nil {
			return err
		}
		defer d.listener.Close()
	}
	for _, d := range doors {
		fmt.Fprintf(stdout, "%s %s on http://%s\n", s.name(), d.name, d.listener.Addr())
	}
	log.Info("started", "edition", s.options.Edition, "fingerprint", s.options.Fingerprint, "keyCheck", s.options.KeyCheck, "defect", s.defect)

	ended := make(chan error, len(doors))
	for _, d := range doors {
		go func() { ended <- d.server.Serve(d.listener) }()
	}
	select {
	case err := <-ended: // the other door closes with the program
		return failure{fmt.Errorf("cannot go on serving: %w", err)}
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
	defer cancel()
	for _, d := range doors {
		if err := d.server.Shutdown(grace); err != nil {
			log.Warn("calls were cut off", "error", err)
			_ = d.server.Close()
		}
	}
	log.Info("stopped")
	return nil
}

// name is what the program calls itself, so that nobody takes it for the reference when it has a defect.
func (s *settings) name() string {
	if s.defect == "" {
		return "kpref"
	}
	return "kpref with the defect " + s.defect
}

// check looks at the flags that nothing else looks at, and makes the log.
func (s *settings) check(stderr io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.logLevel)); err != nil {
		return nil, fmt.Errorf("log level %q is unknown; there are debug, info, warn and error", s.logLevel)
	}
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return nil, fmt.Errorf("listen: %w; an address is HOST:PORT, such as 127.0.0.1:8080", err)
	}
	if s.admin != "" {
		host, port, err := net.SplitHostPort(s.admin)
		if err != nil {
			return nil, fmt.Errorf("admin: %w; an address is HOST:PORT, such as 127.0.0.1:8081", err)
		}
		if host == "" { // who can reach it can do harm
			s.admin = net.JoinHostPort("127.0.0.1", port)
		}
	}
	if s.options.TokenLifetime <= 0 {
		return nil, fmt.Errorf("token lifetime %v is not positive", s.options.TokenLifetime)
	}
	if s.options.PoolSize < 0 {
		return nil, fmt.Errorf("pool size %d is negative", s.options.PoolSize)
	}
	if s.options.PoolSize == 0 {
		s.options.PoolSize = -1 // as the flag says, none; to the options 0 is their default
	}
	return slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level})), nil
}

// door is an address that is served.
type door struct {
	name, address string
	handler       http.Handler

	listener net.Listener
	server   *http.Server
}

// open makes it listen.
func (d *door) open(ctx context.Context, log *slog.Logger) (err error) {
	var config net.ListenConfig
	if d.listener, err = config.Listen(ctx, "tcp", d.address); err != nil {
		return failure{fmt.Errorf("cannot listen at %s: %w", d.address, err)}
	}
	d.server = &http.Server{
		Handler:           d.handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return nil
}

// readWorld reads a world file and what it asks of the environment; without a file it is the built-in world.
func readWorld(file string, lookup func(string) (string, bool)) (world.World, error) {
	if file == "" {
		return world.Default(), nil
	}
	f, err := os.Open(file) // #nosec G304 -- naming the file is what the flag is for
	if err != nil {
		return world.World{}, fmt.Errorf("world: %w", err)
	}
	defer f.Close()
	w, err := world.Decode(f, file)
	if err != nil {
		return world.World{}, err
	}
	if w, err = w.Resolved(lookup); err != nil {
		return world.World{}, fmt.Errorf("%s: %w", file, err)
	}
	return w, nil
}
