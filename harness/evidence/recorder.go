package evidence

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// kept is how many exchanges a recorder holds. A spec makes a handful of
	// calls; the quota specs make hundreds, of which the last ones matter.
	kept = 20
	// shownParams and shownHeaders bound one message.
	shownParams  = 200
	shownHeaders = 60
)

// Recorder is an [http.RoundTripper] that keeps copies of the exchanges that pass
// through it, and redacts those that are asked for: most never are, and redacting
// is what costs. It changes neither the request nor the answer, and is safe for
// concurrent use.
type Recorder struct {
	next http.RoundTripper

	mu      sync.Mutex
	secrets []string
	entries []*entry
	seq     int
	dropped int

	recalled []*entry // of earlier specs
}

// NewRecorder returns a recorder in front of the transport next.
func NewRecorder(next http.RoundTripper) *Recorder { return &Recorder{next: next} }

// Hide names values that must not be shown wherever they stand, such as the
// access key secrets of the world, which no request carries but a broken server
// may print. Values of fewer than 4 bytes are ignored.
func (r *Recorder) Hide(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = append(r.secrets, secrets...)
}

// Begin forgets what has been recorded and counts from 1 again.
func (r *Recorder) Begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recalled, r.entries, r.seq, r.dropped = nil, nil, 0, 0
}

// Kept are exchanges that more than one spec is about, not redacted yet. The zero
// value has none.
type Kept struct{ entries []*entry }

// Keep returns the exchanges since Begin, for [Recorder.Recall] in other specs.
func (r *Recorder) Keep() Kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Kept{slices.Clone(r.entries)}
}

// Recall puts exchanges of an earlier spec before those since Begin, once; they
// are marked as [Exchange.Earlier].
func (r *Recorder) Recall(k Kept) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range k.entries {
		if !slices.Contains(r.recalled, e) && !slices.Contains(r.entries, e) {
			r.recalled = append(r.recalled, e)
		}
	}
}

// Take returns the exchanges since Begin or the last Take, oldest first and at
// most the last 20, and forgets them; those that were recalled come first. One that is still under way says so in its
// Error.
func (r *Recorder) Take() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Exchange, 0, len(r.recalled)+len(r.entries))
	for _, e := range r.recalled {
		x := e.redact()
		x.Earlier = true
		out = append(out, x)
	}
	for _, e := range r.entries {
		out = append(out, e.redact())
	}
	r.recalled, r.entries = nil, nil
	return out
}

// Dropped returns how many exchanges since Begin were forgotten because there
// were too many to keep.
func (r *Recorder) Dropped() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// RoundTrip sends the request through the transport below and records it.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.next == nil {
		return nil, errors.New("the recorder has no transport to send the request with")
	}
	e, send := r.open(req)
	resp, err := r.next.RoundTrip(send)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		e.finish(err)
		return resp, err
	}
	r.mu.Lock()
	e.proto, e.status, e.phrase = resp.Proto, resp.StatusCode, resp.Status
	e.answerHeader = resp.Header.Clone() // the client may change its own
	r.mu.Unlock()
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		// The body is a connection now; it must keep its type.
		e.done(r, nil)
	case resp.Body == nil || resp.Body == http.NoBody:
		e.done(r, nil)
	default:
		resp.Body = &tap{ReadCloser: resp.Body, mu: &r.mu, to: &e.answer, end: func(err error) { e.finish(err) }}
	}
	return resp, nil
}

// open adds the entry of a request and returns the request to send.
func (r *Recorder) open(req *http.Request) (*entry, *http.Request) {
	e := &entry{request: req, header: req.Header.Clone(), started: time.Now()}
	if req.Body != nil && req.Body != http.NoBody {
		if body, ok := copyBody(req); ok {
			e.sent = body
		} else {
			// WithContext copies the request: the caller's must stay as it is.
			req = req.WithContext(req.Context())
			req.Body = &tap{ReadCloser: req.Body, mu: &r.mu, to: &e.sent}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	e.seq = r.seq
	e.secrets = slices.Clip(r.secrets)
	r.entries = append(r.entries, e)
	if len(r.entries) > kept {
		r.entries = slices.Delete(r.entries, 0, 1)
		r.dropped++
	}
	return e, req
}

// copyBody reads a second copy of the body where the request can give one.
func copyBody(req *http.Request) (capture, bool) {
	if req.GetBody == nil {
		return capture{}, false
	}
	body, err := req.GetBody()
	if err != nil {
		return capture{}, false
	}
	defer func() { _ = body.Close() }()
	var c capture
	_, err = io.Copy(&c, body)
	return c, err == nil
}

// capture keeps the beginning of what is written to it.
type capture struct {
	data []byte
	size int
}

func (c *capture) Write(p []byte) (int, error) {
	c.size += len(p)
	c.data = append(c.data, p[:min(len(p), max(0, captureLimit-len(c.data)))]...)
	return len(p), nil
}

// tap copies what is read from a body. end is called once, with mu held, when
// the body ends, fails or is closed.
type tap struct {
	io.ReadCloser
	mu  *sync.Mutex
	to  *capture
	end func(error)
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = t.to.Write(p[:n])
	if err != nil {
		t.finish(err)
	}
	return n, err
}

func (t *tap) Close() error {
	err := t.ReadCloser.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finish(nil)
	return err
}

func (t *tap) finish(err error) {
	if t.end == nil {
		return
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	t.end(err)
	t.end = nil
}

// entry is an exchange as it passed, not redacted. It never leaves this package.
type entry struct {
	seq     int
	started time.Time
	secrets []string

	request *http.Request // for the request line and the query
	header  http.Header
	sent    capture

	status       int    // 0 until an answer arrives
	proto        string // of the answer
	phrase       string // the status in the words of the server
	answerHeader http.Header
	answer       capture

	ended    bool
	failure  error
	duration time.Duration // once it has ended
}

func (e *entry) done(r *Recorder, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.finish(err)
}

// finish notes how the exchange ended.
func (e *entry) finish(err error) {
	e.ended, e.failure, e.duration = true, err, time.Since(e.started)
}

// redact makes of the entry what may be shown.
func (e *entry) redact() Exchange {
	failure, duration := e.failure, e.duration
	if !e.ended {
		failure, duration = errors.New("still under way when it was looked at"), time.Since(e.started)
	}
	params, form := e.params()
	r := newRedactor(append(e.secrets, secretsOf(e.header, params)...))
	x := Exchange{
		Seq:      e.seq,
		Action:   shorten(valid(r.free(action(e.header, params))), nameLimit),
		Origin:   originIn(e.request.Context()),
		Started:  e.started,
		Duration: duration,
		Request:  Message{Line: requestLine(e.request, r), Header: r.requestHeader(e.request, e.header), Params: r.params(params)},
	}
	if !form {
		x.Request.Body = r.body(header(e.header, "Content-Type"), e.sent.data, e.sent.size)
	}
	if e.status != 0 {
		m := Message{
			Line:   shorten(valid(r.status(e.proto, e.status, e.phrase)), nameLimit),
			Header: r.header(e.answerHeader),
			Body:   r.body(header(e.answerHeader, "Content-Type"), e.answer.data, e.answer.size),
		}
		x.Response = &m
	}
	if failure != nil {
		x.Error = shorten(printable(r.free(failure.Error())), 500)
	}
	return x
}

// params decodes the query and a form body; false if the body is no form.
func (e *entry) params() ([]Param, bool) {
	params := decode(e.request.URL.RawQuery, "query", nil)
	if e.sent.size == 0 {
		return params, true
	}
	media, _, _ := mime.ParseMediaType(header(e.header, "Content-Type"))
	if media != "application/x-www-form-urlencoded" {
		return params, false
	}
	return decode(string(e.sent.data), "body", params), true
}

// decode appends the parameters of a form-encoded text in their order.
func decode(encoded, in string, params []Param) []Param {
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		params = append(params, Param{Name: unescape(name), Value: unescape(value), In: in})
	}
	return params
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// header finds a header whatever its case: the official client writes lower-case
// names into the map, past [http.Header.Set].
func header(h http.Header, name string) string {
	for k, values := range h {
		if strings.EqualFold(k, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

func action(h http.Header, params []Param) string {
	for _, p := range params {
		if p.Name == "Action" {
			return p.Value
		}
	}
	return header(h, "X-Acs-Action")
}

// secretsOf collects the values of a request that are not shown.
func secretsOf(h http.Header, params []Param) []string {
	var secrets []string
	add := func(name, value string) {
		// A harmless value that happens to be hidden may be a common word.
		if credential.MatchString(name) || len(value) >= 12 {
			secrets = append(secrets, value)
		}
	}
	for _, p := range params {
		if !showParameter(p.Name) {
			add(p.Name, p.Value)
		}
	}
	for name, values := range h {
		if showHeader(name) {
			continue
		}
		for _, v := range values {
			add(name, v)
			for part := range strings.FieldsFuncSeq(v, separator) {
				field, value, _ := strings.Cut(part, "=")
				switch {
				case field == "Credential" || field == "Signature":
					add(field, value)
				case strings.HasPrefix(v, "ACS3-"): // the algorithm, the signed headers
				case len(part) >= 8: // the token of "Bearer …", a cookie
					add(name, part)
					add(name, value)
				}
			}
		}
	}
	return secrets
}

// separator splits the value of a header into the parts that may be a secret.
func separator(c rune) bool { return c == ' ' || c == ',' || c == ';' }

func requestLine(req *http.Request, r redactor) string {
	path := req.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	proto := cmp.Or(req.Proto, "HTTP/1.1")
	return shorten(valid(r.free(cmp.Or(req.Method, http.MethodGet)+" "+path+" "+proto)), nameLimit)
}

// status is the status line; words of the server's own are looked at.
func (r redactor) status(proto string, code int, phrase string) string {
	if plain := fmt.Sprintf("%d %s", code, http.StatusText(code)); phrase == plain || phrase == strings.TrimSpace(plain) {
		return proto + " " + plain
	}
	_, phrase, _ = strings.Cut(phrase, " ")
	return strings.TrimSpace(fmt.Sprintf("%s %d %s", r.free(proto), code, r.words(phrase)))
}

func (r redactor) params(params []Param) []Param {
	out := make([]Param, 0, min(len(params), shownParams+1))
	for i, p := range params {
		if i == shownParams {
			return append(out, Param{Name: "…", Value: fmt.Sprintf("and %d more", len(params)-i), In: p.In, Altered: true})
		}
		value := Hidden
		if showParameter(p.Name) {
			value = shorten(valid(r.plain(p.Value)), valueLimit)
		}
		name := shorten(valid(r.name(p.Name)), nameLimit)
		out = append(out, Param{name, value, p.In, name != p.Name || value != p.Value})
	}
	return out
}

func (r redactor) requestHeader(req *http.Request, sent http.Header) [][2]string {
	host := cmp.Or(req.Host, req.URL.Host)
	out := [][2]string{{"Host", shorten(valid(r.plain(host)), nameLimit)}}
	for _, h := range r.header(sent) {
		if h[0] != "Host" {
			out = append(out, h)
		}
	}
	return out
}

func (r redactor) header(h http.Header) [][2]string {
	var out [][2]string
	for name, values := range h {
		for _, v := range values {
			if showHeader(name) {
				v = shorten(valid(r.member(v, leaf)), valueLimit)
			} else {
				v = Hidden
			}
			out = append(out, [2]string{shorten(valid(r.name(http.CanonicalHeaderKey(name))), nameLimit), v})
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	if len(out) > shownHeaders {
		out = append(out[:shownHeaders:shownHeaders], [2]string{"…", fmt.Sprintf("and %d more", len(out)-shownHeaders)})
	}
	return out
}
