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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the run in good order; a second one ends the process.
	context.AfterFunc(ctx, stop)
	code := cli.New().Main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
