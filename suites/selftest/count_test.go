package selftest

import (
	"net/http/httptest"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// A generated key pair costs a target a tenth of a second, and may cost its user
// money: a whole run makes few.
func TestARunLetsFewKeyPairsBeGenerated(t *testing.T) {
	g := NewWithT(t)
	var mu sync.Mutex
	made := map[string]bool{}
	r := meddledWith(t, suites.Config{}, func(in request) *httptest.ResponseRecorder {
		answer := in.pass()
		if in.action == "CreateKeyPair" && answer.Code == 200 {
			mu.Lock()
			defer mu.Unlock()
			made[in.product+" "+in.params.Get("RegionId")+" "+in.params.Get("KeyPairName")] = true // a replay makes nothing
		}
		return answer
	})
	g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant))
	g.Expect(len(made)).To(BeNumerically("<=", 13))
}
