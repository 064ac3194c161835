package target

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/fixtures/world"
)

// endpoint is a target that runs already.
type endpoint struct{ place Place }

func (e endpoint) Kind() Kind { return Endpoint }

func (e endpoint) Name() string {
	urls := []string{e.place.ECS, e.place.SWAS}
	urls = slices.Compact(slices.DeleteFunc(urls, func(url string) bool { return url == "" }))
	return strings.Join(urls, " and ")
}

func (e endpoint) Start(context.Context) (Place, error) { return e.place, nil }
func (e endpoint) Stop(context.Context) error           { return nil }
func (e endpoint) Logs(context.Context) string          { return "" }

// address is the base URL that a value of a configuration stands for; one that is
// not given is "".
func address(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	url, err := world.Resolve(value, os.LookupEnv)
	if err != nil {
		return "", err
	}
	return baseURL(url)
}

// checkURL is what can be said of such a value before its variable is looked up.
func checkURL(value string) error {
	if value == "" || strings.HasPrefix(value, "env:") {
		return nil
	}
	_, err := baseURL(value)
	return err
}

// baseURL checks the URL of an API and returns it without a slash at the end.
// Errors do not show the URL when it may hold a password.
func baseURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil {
		// The text of url.Error holds the URL, password and all.
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return "", fmt.Errorf("not a URL: %w; write http://HOST:PORT or https://HOST", err)
	}
	switch {
	case u.User != nil:
		return "", errors.New("a URL with a user or password in it; identities belong into world.accounts")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%q is neither an http nor an https URL; write http://HOST:PORT or https://HOST", s)
	case u.Hostname() == "":
		return "", fmt.Errorf("%q names no host; write http://HOST:PORT or https://HOST", s)
	case u.Path != "" && u.Path != "/":
		return "", fmt.Errorf("%q has a path; the API is always served at /", s)
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return "", fmt.Errorf("%q has a query or a fragment; write http://HOST:PORT or https://HOST", s)
	}
	return u.Scheme + "://" + u.Host, nil
}
