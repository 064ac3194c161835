package replay

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/wire"
)

// Holds is for how long the documents let a signed time be off: so long a curl
// line can be used, once.
const Holds = 15 * time.Minute

// The shell variables that stand for the security token of an STS identity.
const (
	tokenVariable   = "KPSPEC_SECURITY_TOKEN"
	encodedVariable = "KPSPEC_SECURITY_TOKEN_ENCODED" // percent-encoded
)

// bare is a word that a POSIX shell takes as it is.
var bare = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quote writes a word for a POSIX shell.
func quote(s string) string {
	if bare.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// unprintable reports whether a terminal would not show s as it is.
func unprintable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Curl is a request that is signed already as one line for a POSIX shell. It
// holds the access key id and the signature, and neither the secret nor the
// security token: for that stands a shell variable, which needs names.
func Curl(req *http.Request, token string) (line string, needs string, err error) {
	body := ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return "", "", err
		}
		body = string(data)
	}
	// hide is quote, with the variable where the token stands.
	hide := func(s, secret, variable string) string {
		if secret == "" || !strings.Contains(s, secret) {
			return quote(s)
		}
		needs = variable
		before, after, _ := strings.Cut(s, secret)
		return quote(before) + `"$` + variable + `"` + quote(after)
	}
	encoded := url.QueryEscape(token)
	words := []string{"curl -sS -i"}
	if req.Method != http.MethodGet {
		words = append(words, "-X "+quote(req.Method))
	}
	words = append(words, hide(req.URL.String(), encoded, encodedVariable))
	names := []string{}
	for name := range req.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range req.Header[name] {
			if unprintable(v) {
				return "", "", fmt.Errorf("the header %s has control characters", name)
			}
			if name == "User-Agent" {
				words = append(words, "-A "+quote(v))
				continue
			}
			words = append(words, "-H "+hide(name+": "+v, token, tokenVariable))
		}
	}
	// What curl would say on its own and the request does not.
	own := []string{"Accept"}
	if req.Method != http.MethodGet {
		words = append(words, "--data-raw "+hide(body, encoded, encodedVariable))
		own = append(own, "Content-Type")
	}
	for _, name := range own {
		if req.Header.Get(name) == "" {
			words = append(words, "-H "+quote(name+":"))
		}
	}
	if port := req.URL.Port(); port == "80" && req.URL.Scheme == "http" || port == "443" && req.URL.Scheme == "https" {
		words = append(words, "-H "+quote("Host: "+req.URL.Host)) // curl would leave out the port, which is signed
	}
	return strings.Join(words, " "), needs, nil
}

// known are the operations that the aliyun CLI knows by name, per product.
var known = map[string][]string{
	"ECS": {"ImportKeyPair", "CreateKeyPair", "DescribeKeyPairs", "DeleteKeyPairs", "DescribeRegions"},
	"SWAS": {"ImportKeyPair", "CreateKeyPair", "AttachKeyPair", "DetachKeyPair", "ListKeyPairs", "DeleteKeyPairs",
		"DescribeInstanceKeyPair", "ListRegions", "ListInstances"},
}

// Aliyun is the call as a line of the aliyun CLI, which signs with the access key
// of its own profile. The error says what of the call the CLI cannot send.
func Aliyun(product, base string, call wire.Call) (string, error) {
	switch {
	case call.Break != "":
		return "", fmt.Errorf("the aliyun CLI cannot send the fault %s", call.Break)
	case call.Action == "" || call.Version == "":
		return "", fmt.Errorf("the aliyun CLI always names an operation and its version")
	case call.OmitFormat || cmp.Or(call.Format, "JSON") != "JSON":
		return "", fmt.Errorf("the aliyun CLI always asks for JSON")
	}
	words := []string{"aliyun", "ecs", quote(call.Action)}
	if product == "SWAS" {
		words[1] = "swas-open"
	}
	if call.Value("RegionId") == "" {
		return "", fmt.Errorf("the aliyun CLI always names a region")
	}
	seen := map[string]bool{}
	for _, p := range call.Params {
		switch {
		case seen[p.Name]:
			return "", fmt.Errorf("the aliyun CLI sends %s only once", p.Name)
		case unprintable(p.Name + p.Value):
			return "", fmt.Errorf("no aliyun line: %s has line ends or other characters that do not print", plain.Text(p.Name))
		case strings.HasPrefix(p.Value, "-"):
			words = append(words, quote("--"+p.Name+"="+p.Value)) // else the CLI takes it for a flag
		default:
			words = append(words, quote("--"+p.Name), quote(p.Value))
		}
		seen[p.Name] = true
	}
	if !slices.Contains(known[product], call.Action) {
		words = append(words, "--version", quote(call.Version), "--force")
	}
	at, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	words = append(words, "--endpoint", quote(at.Host))
	if at.Scheme == "http" {
		words = append(words, "--insecure") // the CLI's word for http
	}
	return strings.Join(words, " "), nil
}
