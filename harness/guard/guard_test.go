package guard

import (
	"errors"
	"testing"

	. "github.com/onsi/gomega"
)

func TestWhatIsOnThisMachineIsToldByItsText(t *testing.T) {
	for _, address := range []string{"http://localhost:8080", "https://LOCALHOST", "http://127.0.0.1", "http://127.9.8.7:1", "http://[::1]:8080"} {
		if !Loopback(address) {
			t.Errorf("%s is refused", address)
		}
	}
	for _, address := range []string{
		"", "http://", "http://0.0.0.0", "http://[::]", "http://10.0.0.1", "http://192.168.1.1", "http://128.0.0.1", "http://localhost.example",
		"http://localhost.", "http://my.localhost", "http://127.0.0.1.example", "http://127.1", "http://2130706433", "http://0x7f.0.0.1", "http://0177.0.0.1",
		"http://[::ffff:127.0.0.1]", "http://[fe80::1]", "https://ecs.aliyuncs.com", "http://user@example", "http://localhost@example", "\x7f",
	} {
		if Loopback(address) {
			t.Errorf("%s is taken for this machine", address)
		}
	}
}

func TestWhatMayCostMoney(t *testing.T) {
	for address, want := range map[string]bool{
		"https://ecs.aliyuncs.com": true, "https://ecs.cn-hangzhou.ALIYUNCS.com:443": true, "https://swas.cn-hangzhou.aliyuncs.com.": true, "https://aliyuncs.com": true,
		"https://notaliyuncs.com": false, "https://aliyuncs.com.example": false, "http://127.0.0.1": false, "": false,
	} {
		if Billed(address) != want {
			t.Errorf("%s: %t", address, !want)
		}
	}
}

func TestCheck(t *testing.T) {
	const here, far, cloud = "http://127.0.0.1:8080", "http://emulator.example", "https://ecs.aliyuncs.com"
	full := Consent{Account: "1", Region: "r", Costs: Accepted}
	for what, tt := range map[string]struct {
		consent   *Consent
		addresses []string
		want      string
	}{
		"on this machine":             {nil, []string{here, ""}, ""},
		"on this machine, whatever":   {&Consent{Account: "2"}, []string{here}, ""},
		"elsewhere":                   {nil, []string{here, far}, `http://emulator.example is not on this machine; to test it all the same, write "guard: {account: "1", region: r}" into the configuration, and know that key pairs will be made and deleted there`},
		"elsewhere, the first":        {nil, []string{far, here}, "http://emulator.example is not on this machine"},
		"elsewhere, allowed":          {&Consent{Account: "1", Region: "r"}, []string{far}, ""},
		"another account":             {&Consent{Account: "2", Region: "r", Costs: Accepted}, []string{far}, `guard.account is "2", but the first account of the world is "1"; http://emulator.example is not touched`},
		"no account":                  {&Consent{Region: "r"}, []string{far}, `guard.account is ""`},
		"another region":              {&Consent{Account: "1", Region: "q", Costs: Accepted}, []string{cloud}, `guard.region is "q", but the first region of the world is "r"`},
		"cloud":                       {nil, []string{cloud}, "https://ecs.aliyuncs.com is not on this machine"},
		"cloud, costs not thought of": {&Consent{Account: "1", Region: "r"}, []string{here, cloud}, `https://ecs.aliyuncs.com belongs to Alibaba Cloud, where a run may cost money; read what it would create, and write "costs: accepted" under "guard:" into the configuration`},
		"cloud, another word":         {&Consent{Account: "1", Region: "r", Costs: "yes"}, []string{cloud}, "costs: accepted"},
		"cloud, allowed":              {&full, []string{cloud}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			err := Check(tt.consent, "1", "r", tt.addresses...)
			if tt.want == "" {
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
			} else {
				NewWithT(t).Expect(err).To(MatchError(ContainSubstring(tt.want)))
			}
		})
	}
	if !errors.As(Check(&Consent{Account: "1", Region: "r"}, "1", "r", cloud), new(*CostsError)) {
		t.Error("the missing word about costs is an error of its own")
	}
}
