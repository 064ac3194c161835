// Command kpref serves the reference implementation of the key pair APIs over HTTP, in memory.
//
//	kpref --listen 127.0.0.1:0 --edition 2020-11
//
// "kpref --help" lists its flags. SIGINT or SIGTERM ends it gracefully, a second one at once.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/kpspec/kpspec/reference/serve"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(serve.Garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(serve.Main(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}
