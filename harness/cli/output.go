package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kpspec/kpspec/harness/report"
)

// output is where report.json goes. It is opened before the run, so that hours
// of testing are not lost to a misspelt folder, and nobody ever sees half a
// report. The zero value writes nothing.
type output struct {
	path string   // the final name, "" when file is written in place
	file *os.File // nil when there is nothing (more) to write
}

func newOutput(path string) (*output, error) {
	if path == "" {
		return &output{}, nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays, what it points to is replaced
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name a file", path)
	case err == nil && !info.Mode().IsRegular():
		// A pipe or a device must not be replaced by a file.
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &output{file: file}, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".kpspec-report-*.json")
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return &output{path: path, file: file}, nil
}

// write writes the report and gives it its name.
func (o *output) write(r report.Report) error {
	if o.file == nil {
		return nil
	}
	err := r.Write(o.file)
	if err == nil && o.path != "" {
		err = o.file.Chmod(0o644) // like any other file; it holds no secrets
	}
	if closed := o.file.Close(); err == nil {
		err = closed
	}
	if err == nil && o.path != "" {
		err = os.Rename(o.file.Name(), o.path)
	}
	if err != nil {
		o.discard()
		return fmt.Errorf("--report: %w", err)
	}
	o.file = nil
	return nil
}

// discard removes what was not written to the end.
func (o *output) discard() {
	if o.file == nil {
		return
	}
	_ = o.file.Close()
	if o.path != "" {
		_ = os.Remove(o.file.Name())
	}
	o.file = nil
}
