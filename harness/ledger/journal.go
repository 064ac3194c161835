package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// What a line of a ledger file says of its entry.
const (
	note   = "note"   // it may exist from now on
	strike = "strike" // it does not exist, or no longer
)

// line is one line of a ledger file.
type line struct {
	Op       string    `json:"op"` // note or strike
	Time     time.Time `json:"time"`
	Run      string    `json:"run"` // as it stands in the names that the run makes
	Endpoint string    `json:"endpoint"`
	Product  string    `json:"product"`
	Account  string    `json:"account"`
	Region   string    `json:"region"`
	Name     string    `json:"name"`
	Server   string    `json:"server,omitempty"`
}

func (l line) entry() Entry {
	return Entry{Product: l.Product, Account: l.Account, Region: l.Region, Name: l.Name, Server: l.Server}
}

// Journal is the file of what all the ledgers of one run hold: a line of JSON for
// each change, only ever appended to. A nil journal keeps nothing. It is safe for
// concurrent use.
type Journal struct {
	// Run is the text that tells the names of the run from those of others.
	Run string
	// Endpoints are the addresses of the products, by their short names.
	Endpoints map[string]string

	name string
	file *os.File

	mu      sync.Mutex
	open    map[Entry]int // how many ledgers hold it
	written int           // lines
	err     error         // the first one; nothing is written after it

	syncing sync.Mutex
	synced  int // lines that will survive a crash of the machine
}

// Create makes the file of a new journal, and its folder where there is none. A
// file that is there already is an error: it may tell what another run has left.
func Create(name string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("the ledger cannot be written: %w; name another place", err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("the ledger %s is there already, and may tell what another run has left; remove that with kpspec sweep, or name another file", name)
	}
	if err != nil {
		return nil, fmt.Errorf("the ledger cannot be written: %w; name another place", err)
	}
	if err := syncFolder(filepath.Dir(name)); err != nil {
		return nil, errors.Join(fmt.Errorf("the ledger cannot be written: %w; name another place", err), file.Close(), os.Remove(name))
	}
	return &Journal{name: name, file: file, open: map[Entry]int{}}, nil
}

// syncFolder makes a new file last: its name stands in the folder.
func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // read only
	return folder.Sync()
}

// write appends a line. Its error is told by [Journal.Commit].
func (j *Journal) write(op string, e Entry) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if op == note {
		j.open[e]++
	} else if j.open[e]--; j.open[e] <= 0 {
		delete(j.open, e)
	}
	if j.err != nil {
		return
	}
	text, err := json.Marshal(line{Op: op, Time: time.Now().UTC().Truncate(time.Millisecond), Run: j.Run, Endpoint: j.Endpoints[e.Product],
		Product: e.Product, Account: e.Account, Region: e.Region, Name: e.Name, Server: e.Server})
	if err == nil {
		_, err = j.file.Write(append(text, '\n'))
	}
	if err != nil {
		j.err = fmt.Errorf("the ledger cannot be written: %w", err)
		return
	}
	j.written++
}

// Commit returns when what has been noted will survive a crash, of the machine
// too. Calls that come at once share the time that takes. After an error nothing
// more may be made on the target: nobody would know of it.
func (j *Journal) Commit() error {
	if j == nil {
		return nil
	}
	wanted, err := j.state()
	if err != nil {
		return err
	}
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= wanted {
		return nil
	}
	upTo, err := j.state()
	if err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		// What the disk has of it is not known any more.
		j.err = fmt.Errorf("the ledger cannot be written: %w", err)
		return j.err
	}
	j.synced = upTo
	return nil
}

func (j *Journal) state() (written int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.written, j.err
}

// Finish closes the file, and removes it where nothing is open. It returns the
// name of a file that stays. It may be called any number of times.
func (j *Journal) Finish() (kept string, err error) {
	if j == nil {
		return "", nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file != nil {
		err = j.file.Close()
		j.file = nil
		if len(j.open) == 0 {
			return "", errors.Join(err, os.Remove(j.name))
		}
	}
	if len(j.open) > 0 {
		kept = j.name
	}
	return kept, err
}
