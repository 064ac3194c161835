// Command write writes the page of reference to the file that is named.
//
//	go run ./harness/manual/write harness/REFERENCE.md
package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/kpspec/kpspec/harness/manual"
)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

func write(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name one file, not %d", len(args))
	}
	var page bytes.Buffer
	if err := manual.Page(&page); err != nil {
		return err
	}
	return os.WriteFile(args[0], page.Bytes(), 0o644) // #nosec G306 -- a page for everybody
}
