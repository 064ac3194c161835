package prove

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// constant is a server that implements nothing.
type constant struct {
	name  string
	serve http.HandlerFunc
	// slow servers are tried as a run tries them, which ends at the preflight; with the others the specs are run although
	// the preflight refuses them.
	slow bool
}

// Constant is what came of a server that implements nothing.
type Constant struct {
	Server    string   `json:"server"`
	Preflight string   `json:"preflight"` // why a run would not have begun; "" = it would have
	Specs     int      `json:"specs"`     // that were run all the same
	Passed    []string `json:"passed"`    // ids of rules of which at least one spec passed
	MS        float64  `json:"ms"`
}

// longest is how long a run against a broken server may take.
const longest = 10 * time.Second

func (r Constant) late() bool { return r.MS > float64(longest.Milliseconds()) }

// Holds tells whether no rule passed, and that in time.
func (r Constant) Holds() bool {
	return len(r.Passed) == 0 && !r.late() && (r.Specs > 0 || r.Preflight != "")
}

// constantRuns runs the suite against servers that implement nothing, none of which may pass a rule, nor take long.
func constantRuns(ctx context.Context) ([]Constant, error) {
	census, err := suites.Count(catalogue.Edition202606)
	if err != nil {
		return nil, err
	}
	var runs []Constant
	for _, c := range constants() {
		r, err := c.run(ctx, census)
		if err == nil && r.late() { // perhaps because of what else the machine has to do
			r, err = c.run(ctx, census)
		}
		if err != nil {
			return runs, err
		}
		if ctx.Err() != nil {
			return runs, errInterrupted
		}
		runs = append(runs, r)
	}
	return runs, nil
}

func (c constant) run(ctx context.Context, census *suites.Census) (Constant, error) {
	server := httptest.NewServer(c.serve)
	defer server.Close()
	started := time.Now()
	r := Constant{Server: c.name}
	place := target.Place{ECS: server.URL, SWAS: server.URL, World: world.Default(), Quota: true, Patience: patience.New(target.Near)}
	if err := target.Preflight(ctx, place); err != nil {
		r.Preflight = err.Error()
	}
	if r.Preflight == "" || !c.slow {
		came, err := suites.Execute(ctx, suites.Config{Place: place, Census: census})
		if err != nil {
			return r, err
		}
		for _, rule := range came.Rules {
			r.Specs += len(rule.Specs)
			for _, spec := range rule.Specs {
				if spec.Verdict == verdict.Passed && !slices.Contains(r.Passed, rule.ID) {
					r.Passed = append(r.Passed, rule.ID)
				}
			}
		}
	}
	r.MS = milliseconds(started)
	return r, nil
}

// examples are the answers that the documents print for a success, by action.
var examples = map[string]string{
	"ImportKeyPair":           `{"KeyPairName":"testKeyPairName","RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","KeyPairFingerPrint":"89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b"}`,
	"CreateKeyPair":           `{"RequestId":"20758A-585D-4A41-A9B2-28DA8F4F534F","KeyPairName":"test-KeyPair","PrivateKeyBody":"MIIEowIBAAKCAQEAx"}`,
	"AttachKeyPair":           `{"RequestId":"30637AD6-D977-4833-A54C-CC89483E1FEE","TotalCount":2,"FailCount":2,"Results":[{"Code":"200","Message":"success","InstanceId":"ace0706b2ac4454d984295a94213****","Success":"true"}]}`,
	"DescribeKeyPairs":        `{"PageSize":10,"PageNumber":1,"TotalCount":1,"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","KeyPairs":{"KeyPair":[{"KeyPairName":"testKeyPairName","KeyPairFingerPrint":"89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b","Tags":{"Tag":[]}}]}}`,
	"ListKeyPairs":            `{"RequestId":"20758A-585D-4A41-A9B2-28DA8F4F534F","TotalCount":1,"PageSize":10,"PageNumber":1,"KeyPairs":[{"KeyPairName":"test-KeyPair","PublicKey":"ssh-rsa AAAA","CreationTime":"2026-01-15T02:00Z","InstanceIds":[]}]}`,
	"DescribeInstanceKeyPair": `{"RequestId":"20758A-585D-4A41-A9B2-28DA8F4F534F","KeyPairName":"test-KeyPair","Fingerprint":"89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b"}`,
}

// constants are the servers. None of them looks at more of a request than its parameters' names and values.
func constants() []constant {
	const asJSON = "application/json;charset=utf-8"
	always := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body) // the specs find out what arrived
		}
	}
	envelope := func(code string) string {
		return `{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","HostId":"ecs.example.com","Code":"` + code +
			`","Message":"Specified Key Pair name is not valid.","Recommend":""}`
	}
	action := func(r *http.Request) string {
		if action := r.Header.Get("X-Acs-Action"); action != "" {
			return action
		}
		return r.FormValue("Action")
	}
	return []constant{
		{name: "200 with an empty object", serve: always(200, asJSON, "{}")},
		{name: "200 with nothing", serve: always(200, asJSON, "")},
		{name: "200 with one constant success", serve: always(200, asJSON, `{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","KeyPairName":"testKeyPairName",`+
			`"KeyPairFingerPrint":"89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b","TotalCount":0,"KeyPairs":{"KeyPair":[]}}`)},
		{name: "200 echoing the parameters", serve: func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm() // what cannot be read is not echoed
			echo := map[string]any{"RequestId": "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E", "KeyPairFingerPrint": "00"}
			for name := range r.Form {
				echo[name] = r.Form.Get(name)
			}
			w.Header().Set("Content-Type", asJSON)
			_ = json.NewEncoder(w).Encode(echo)
		}},
		{name: "the documents' example for every action", serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", asJSON)
			_, _ = io.WriteString(w, examples[action(r)])
		}},
		{name: "200 with an error envelope", serve: always(200, asJSON, envelope("InvalidKeyPairName.Malformed"))},
		{name: "400 with an error envelope", serve: always(400, asJSON, envelope("InvalidKeyPairName.Malformed"))},
		{name: "403 with an error envelope", serve: always(403, asJSON, envelope("QuotaExceed.KeyPair"))},
		{name: "404 with an error envelope", serve: always(404, asJSON, envelope("InvalidRegionId.NotFound"))},
		{name: "404 with an empty object", serve: always(404, asJSON, "{}")},
		{name: "500 with an error envelope", serve: always(500, asJSON, envelope("InternalError"))},
		{name: "503 with an error envelope", serve: always(503, asJSON, envelope("ServiceUnavailable"))},
		{name: "an HTML page", serve: always(200, "text/html", "<html><body><h1>It works!</h1></body></html>")},
		{name: "JSON that ends early", serve: always(200, asJSON, `{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","KeyPairNa`)},
		{name: "random bytes", serve: func(w http.ResponseWriter, _ *http.Request) {
			noise := make([]byte, 256)
			_, _ = rand.Read(noise) // never fails
			_, _ = w.Write(noise)
		}},
		{name: "a redirect", serve: http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP},
		{name: "a connection that is closed", serve: func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		}},
		{name: "an empty list after two seconds", slow: true, serve: func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(2 * time.Second):
			case <-r.Context().Done():
			}
			w.Header().Set("Content-Type", asJSON)
			_, _ = io.WriteString(w, `{}`)
		}},
	}
}
