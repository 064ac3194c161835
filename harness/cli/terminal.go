package cli

import (
	"os"

	"golang.org/x/term"

	"github.com/kpspec/kpspec/harness/report"
)

// A Screen tells the size of a terminal in columns and lines, each time anew, for a
// window can be resized. Nil stands for what is no terminal.
type Screen func() (columns, lines int)

// screen is that of a file, nil if it is no terminal, or one that can do nothing but
// print.
func screen(f *os.File) Screen {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return func() (columns, lines int) {
		columns, lines, err := term.GetSize(fd)
		if err != nil {
			return 0, 0
		}
		return columns, lines
	}
}

// view is v on the standard output.
func (p *Program) view(v report.View) report.View {
	v.Color = p.Color
	if p.Screen != nil {
		v.Columns, v.Lines = p.Screen()
	}
	return v
}
