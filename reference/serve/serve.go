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

// prefix begins the environment variable of each flag: KPREF_LOG_LEVEL for --log-level.
const prefix = "KPREF_"

// settings are the flags.
type settings struct {
	listen, world, logLevel string
	defect                  string
	options                 reference.Options
}

// Main runs the program until ctx is over and returns its exit code: 0 after a graceful end or help, 1 when it could not
// listen, 2 for a wrong flag, environment variable or world. What is wrong is said in one line on stderr. The one line on
// stdout, "kpref listening on http://HOST:PORT" (or "kpref with the defect ID listening on ..."), says where it listens, as soon as it does.
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
	flags.IntVar(&s.options.PoolSize, "pool-size", reference.DefaultPoolSize, "generated keys to keep ready; 0 makes none ahead of time")
	flags.StringVar(&s.defect, "defect", "", "serve with one declared defect, to see its fault; reference/defect/DEFECTS.md lists the ids")
	flags.StringVar(&s.logLevel, "log-level", "warn", "debug, info (a line for each request), warn or error")
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
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.logLevel)); err != nil {
		return fmt.Errorf("log level %q is unknown; there are debug, info, warn and error", s.logLevel)
	}
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return fmt.Errorf("listen: %w; an address is HOST:PORT, such as 127.0.0.1:8080", err)
	}
	if s.options.TokenLifetime <= 0 {
		return fmt.Errorf("token lifetime %v is not positive", s.options.TokenLifetime)
	}
	if s.options.PoolSize < 0 {
		return fmt.Errorf("pool size %d is negative", s.options.PoolSize)
	}
	if s.options.PoolSize == 0 {
		s.options.PoolSize = -1 // as the flag says, none; to the options 0 is their default
	}
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level}))
	w, err := readWorld(s.world, lookup)
	if err != nil {
		return err
	}
	s.options.Logger = log
	handler, err := reference.New(w, s.options)
	if err != nil {
		return err
	}
	defer handler.Close()

	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.listen)
	if err != nil {
		return failure{fmt.Errorf("cannot listen at %s: %w", s.listen, err)}
	}
	name := "kpref"
	if s.defect != "" {
		name = "kpref with the defect " + s.defect
	}
	fmt.Fprintf(stdout, "%s listening on http://%s\n", name, listener.Addr())
	log.Info("started", "edition", s.options.Edition, "fingerprint", s.options.Fingerprint, "keyCheck", s.options.KeyCheck, "defect", s.defect)

	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return failure{fmt.Errorf("cannot go on serving: %w", err)}
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		log.Warn("calls were cut off", "error", err)
		_ = server.Close()
	}
	log.Info("stopped")
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
