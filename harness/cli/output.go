package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// output is where a result goes. It is opened before the run, so that hours
// of testing are not lost to a misspelt folder, and nobody ever sees half a
// report. The zero value writes nothing.
type output struct {
	flag string   // that names the file
	path string   // the final name, "" when file is written in place
	file *os.File // nil when there is nothing (more) to write
}

func newOutput(flag, path string) (*output, error) {
	if path == "" {
		return &output{}, nil
	}
	path = resolved(path)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name a file", path)
	case err == nil && !info.Mode().IsRegular():
		// A pipe or a device must not be replaced by a file.
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &output{flag: flag, file: file}, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".kpspec-report-*.json")
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, uncreated(filepath.Dir(path), err))
	}
	return &output{flag: flag, path: path, file: file}, nil
}

// uncreated says why no file can be made in a folder, without the name of the
// temporary one. In a container it is seldom seen which user that is.
func uncreated(folder string, err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		err = of.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("folder %s: %w for user id %d; choose another folder, or in a container the user with docker run --user", folder, err, os.Getuid())
	}
	return fmt.Errorf("folder %s: %w", folder, err)
}

// resolved is the file behind a link: the link stays, what it points to is replaced.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// write writes the file by what is given and gives it its name.
func (o *output) write(content func(io.Writer) error) error {
	if o.file == nil {
		return nil
	}
	err := content(o.file)
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
		return fmt.Errorf("%s: %w", o.flag, err)
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
