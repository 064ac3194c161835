package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// What a target answers cannot do anything to the terminal, in whatever part of the
// answer it stands, and whether the run begins or not.
func TestNoEscapeOfATargetReachesTheTerminal(t *testing.T) {
	const evil = `\u001b]0;owned\u0007\u001b[2J\u009b2J\u202e`
	address := serveReference(t)
	nasty := func(w http.ResponseWriter) {
		w.Header()["X-Acs-Request-Id"] = []string{"\u009b2J"}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"Code":"Bad`+evil+`","Message":"`+evil+`","RequestId":"`+evil+`"}`)
	}
	for name, held := range map[string]func(*http.Request) bool{
		"in the preflight": func(*http.Request) bool { return true },
		"in the specs":     func(r *http.Request) bool { return strings.Contains(r.UserAgent(), "ECS-IMP-") },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if held(r) {
					nasty(w)
					return
				}
				pass(t, w, r, address)
			}))
			defer server.Close()
			code, stdout, stderr := run(t, "run", "--config", endpointConfig(t, server.URL, nil), "--rule", "ECS-IMP-NAME-*", "--verbose")
			g.Expect(code).NotTo(BeZero())
			g.Expect(stdout + stderr).NotTo(ContainSubstring("\x1b"))
			g.Expect(stdout + stderr).NotTo(ContainSubstring("\u009b"))
			g.Expect(stdout + stderr).NotTo(ContainSubstring("\u202e"))
			g.Expect(stdout + stderr).To(ContainSubstring("owned"))
		})
	}
}

// On a terminal progress is a line that is gone at the end, the colours are on, and off
// with NO_COLOR.
func TestOnATerminal(t *testing.T) {
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("no script, which makes a terminal")
	}
	for _, colourless := range []string{"", "1"} {
		g := NewWithT(t)
		command := exec.CommandContext(t.Context(), script, "-qec", kpspec+" run --rule 'ECS-IMP-NAME-*'", "/dev/null")
		command.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR="+colourless)
		out, err := command.CombinedOutput()
		g.Expect(err).NotTo(HaveOccurred(), string(out))
		g.Expect(string(out)).To(ContainSubstring("\r\x1b[K"))
		g.Expect(string(out)).NotTo(ContainSubstring("kpspec: "), "plain progress")
		_, summary, _ := strings.Cut(string(out[strings.LastIndex(string(out), "\x1b[K"):]), "\x1b[K")
		g.Expect(summary).To(HavePrefix("target   "))
		g.Expect(strings.Contains(summary, "\x1b[")).To(Equal(colourless == ""), summary)
	}
}
