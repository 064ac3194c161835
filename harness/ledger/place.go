package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// suffix is how the names of ledger files in their own folder end.
const suffix = ".jsonl"

// NewFile is where a run that begins now keeps its ledger unless it is told
// another place: a file of its own in $XDG_STATE_HOME/kpspec, or in
// ~/.local/state/kpspec, see the XDG Base Directory Specification.
func NewFile(now time.Time) (string, error) {
	folder, err := folder()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, now.UTC().Format("20060102T150405Z")+"-"+uuid.NewString()[:8]+suffix), nil
}

// Files are the ledger files in that place, the oldest first: of runs that
// crashed, that left something, or that are under way.
func Files() []string {
	folder, err := folder()
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var files []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	slices.Sort(files)
	return files
}

func folder() (string, error) {
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "kpspec"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("there is no place for the ledger: neither XDG_STATE_HOME nor a home is set; name a file")
	}
	return filepath.Join(home, ".local", "state", "kpspec"), nil
}
