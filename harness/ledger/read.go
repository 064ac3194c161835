package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Record is what a ledger file tells.
type Record struct {
	Run       string            // of the names that the run has made
	Endpoints map[string]string // of the products that stand in it
	Open      []Entry           // what the run has made, or may have, and not removed: the newest first

	held map[Entry]int // how many ledgers of the run hold what is open
}

// Read reads a ledger file. A last line that is damaged was being written when
// the run ended, before the request that it is about left, and says nothing. Any
// other damage is an error that names the line.
func Read(name string) (Record, error) {
	r, _, err := read(name)
	return r, err
}

// read is Read; whole is how many bytes the undamaged lines have.
func read(name string) (r Record, whole int, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return r, 0, fmt.Errorf("the ledger cannot be read: %w", err)
	}
	r.Endpoints, r.held = map[string]string{}, map[Entry]int{}
	for number, rest := 1, text; len(rest) > 0; number++ {
		row, after, complete := bytes.Cut(rest, []byte("\n"))
		l, err := decode(row)
		if err == nil && complete {
			err = r.take(l)
		}
		switch {
		case !complete, err != nil && len(after) == 0:
			return r.latest(), whole, nil
		case err != nil:
			return Record{}, 0, fmt.Errorf("%s:%d: the ledger is damaged: %w; what the run has left cannot be told from it", name, number, err)
		}
		whole += len(row) + 1
		rest = after
	}
	return r.latest(), whole, nil
}

func decode(row []byte) (l line, err error) {
	dec := json.NewDecoder(bytes.NewReader(row))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return l, errors.New("the line is no entry of a ledger")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return l, errors.New("there is more than one entry in the line")
	}
	switch {
	case l.Op != note && l.Op != strike:
		return l, fmt.Errorf("op is %q, not note or strike", l.Op)
	case l.Product == "" || l.Account == "" || l.Region == "" || l.Endpoint == "":
		return l, errors.New("product, account, region or endpoint is missing")
	}
	return l, nil
}

// take applies one line.
func (r *Record) take(l line) error {
	if before, known := r.Endpoints[l.Product]; known && before != l.Endpoint {
		return fmt.Errorf("another endpoint of %s than in the lines before", l.Product)
	}
	r.Endpoints[l.Product], r.Run = l.Endpoint, l.Run
	e := l.entry()
	if l.Op == note {
		if r.held[e]++; r.held[e] == 1 {
			r.Open = append(r.Open, e)
		}
		return nil
	}
	if r.held[e] == 0 {
		return errors.New("something is struck that was not noted")
	}
	if r.held[e]--; r.held[e] == 0 {
		r.Open = slices.DeleteFunc(r.Open, func(o Entry) bool { return o == e })
	}
	return nil
}

func (r Record) latest() Record {
	slices.Reverse(r.Open)
	return r
}

// Settle takes what is gone out of a ledger file, and removes the file when
// nothing is left in it.
func Settle(name string, gone []Entry) error {
	r, whole, err := read(name)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(r.Open), func(e Entry) bool { return slices.Contains(gone, e) })
	if len(left) == 0 {
		return os.Remove(name)
	}
	if err := os.Truncate(name, int64(whole)); err != nil {
		return fmt.Errorf("the ledger cannot be written: %w", err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("the ledger cannot be written: %w", err)
	}
	j := &Journal{Run: r.Run, Endpoints: r.Endpoints, name: name, file: file, open: r.held}
	for _, e := range gone {
		for range r.held[e] {
			j.write(strike, e)
		}
	}
	_, err = j.Finish()
	return errors.Join(j.err, err)
}
