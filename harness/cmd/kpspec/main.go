// Command kpspec tests whether a target behaves as the documents of Alibaba
// Cloud's key pair APIs say. See kpspec --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// The public authorities, for a machine without a list of them, such as an
	// image made from scratch. SSL_CERT_FILE names others.
	_ "golang.org/x/crypto/x509roots/fallback"

	"github.com/kpspec/kpspec/harness/cli"
	"github.com/kpspec/kpspec/harness/spread"
)

func main() {
	program := cli.New()
	program.Again = spread.Command
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		// The first signal ends the run in good order; a second one ends the
		// process. Ginkgo listens too, so the default action would not.
		<-signals
		cancel()
		<-signals
		os.Exit(program.Abandon())
	}()
	os.Exit(program.Main(ctx, os.Args[1:]))
}
