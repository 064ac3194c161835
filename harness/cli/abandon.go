package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
)

// remains is what a run leaves behind that is ended at once.
type remains struct {
	t     target.Target
	files []string // not whole, and to be removed
}

// Abandon says on the standard error what the run under way leaves behind, and where,
// for a process that is about to end without waiting for it. [Program.Main] may still
// be running. It returns the exit code of the process.
func (p *Program) Abandon() int {
	said := "nothing was running that leaves anything behind"
	if r := p.remains.Load(); r != nil {
		for _, name := range r.files {
			_ = os.Remove(name) // it may have got its name by now
		}
		said = r.said()
	}
	line := "kpspec: ended at once, without a result: " + said + "\n"
	if p.ErrScreen != nil {
		line = eraseLine + line
	}
	_, _ = io.WriteString(p.Stderr, line)
	return verdict.ExitIncomplete
}

// said names what may be there still, and how to find it.
func (r *remains) said() string {
	switch r.t.Kind() {
	case target.Container:
		return fmt.Sprintf("a container of %s may be left; docker ps --all --filter label=%s lists it", plain.Text(r.t.Name()), target.Label)
	case target.Endpoint:
		return fmt.Sprintf("key pairs whose names begin with kpspec may be left at %s", plain.Text(r.t.Name()))
	}
	return "the embedded reference leaves nothing behind"
}
