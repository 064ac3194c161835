package keypair

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ssh"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
)

var plainAlgorithms = []string{
	"ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
}

var certificateAlgorithms = []string{
	"ssh-rsa-cert-v00@openssh.com", "ssh-dss-cert-v00@openssh.com",
	"ssh-rsa-cert-v01@openssh.com", "ssh-dss-cert-v01@openssh.com",
	"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp384-cert-v01@openssh.com",
	"ecdsa-sha2-nistp521-cert-v01@openssh.com",
}

var (
	strictKeys  = KeyRule{Algorithms: append(plainAlgorithms, certificateAlgorithms...), Depth: Strict, Limits: UsualLimits}
	shallowKeys = KeyRule{Algorithms: plainAlgorithms, Depth: Shallow, Limits: UsualLimits}
)

// blobOf decodes the base64 part of a key's line.
func blobOf(k sshkeys.Key) []byte {
	blob, err := base64.StdEncoding.DecodeString(strings.Fields(k.Line)[1])
	if err != nil {
		panic(err)
	}
	return blob
}

func line(algorithm string, blob []byte) string {
	return algorithm + " " + base64.StdEncoding.EncodeToString(blob)
}

// The fingerprints to expect are those that ssh-keygen printed.
func TestParseEveryAlgorithm(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range sshkeys.All() {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			key, err := strictKeys.Parse(k.Line)
			if !slices.Contains(strictKeys.Algorithms, k.Algorithm) {
				g.Expect(err).To(MatchError(ErrKey))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(key.Line).To(Equal(k.Line))
			g.Expect(key.Fingerprint.Colons()).To(Equal(k.Fingerprint))

			blob := blobOf(k)
			for end := range blob {
				_, err := strictKeys.Parse(line(k.Algorithm, blob[:end]))
				g.Expect(err).To(MatchError(ErrKey), "cut off after %d bytes", end)
			}
			_, err = strictKeys.Parse(line(k.Algorithm, append(bytes.Clone(blob), 0)))
			g.Expect(err).To(MatchError(ErrKey), "one byte more")
		})
		seen[k.Algorithm] = true
	}
	for _, algorithm := range strictKeys.Algorithms {
		NewWithT(t).Expect(seen).To(HaveKey(algorithm))
	}
}

func TestParseOtherForms(t *testing.T) {
	t.Parallel()
	for _, body := range []string{sshkeys.FileLF, sshkeys.FileCRLF, sshkeys.FileNoComment, sshkeys.FileSpaces} {
		key, err := strictKeys.Parse(body)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		NewWithT(t).Expect(key.Line).To(Equal(strings.TrimRight(body, "\r\n")))
		NewWithT(t).Expect(key.Fingerprint.Colons()).To(Equal(sshkeys.RSA2048.Fingerprint))
	}
	for _, body := range []string{
		sshkeys.PrivatePKCS1, sshkeys.PrivatePKCS8, sshkeys.PrivateOpenSSH, sshkeys.SPKI, sshkeys.RFC4716,
	} {
		for _, rule := range []KeyRule{strictKeys, shallowKeys} {
			_, err := rule.Parse(body)
			NewWithT(t).Expect(err).To(MatchError(ErrKey), "%.40q", body)
		}
	}
	for _, m := range sshkeys.Malformed {
		_, err := strictKeys.Parse(m.Body)
		NewWithT(t).Expect(err).To(MatchError(ErrKey), m.Name)
		if !m.Prefixed {
			_, err := shallowKeys.Parse(m.Body)
			NewWithT(t).Expect(err).To(MatchError(ErrKey), m.Name)
		}
	}
}

func TestParseText(t *testing.T) {
	t.Parallel()
	bare := sshkeys.RSA2048.Bare()
	for body, want := range map[string]string{
		bare:                                bare,
		bare + " me@host":                   bare + " me@host",
		bare + "  me  on\tmy host ":         bare + " me  on\tmy host",
		bare + "\n":                         bare,
		bare + " me\r\n":                    bare + " me",
		bare + " \t\n":                      bare,
		"  " + bare:                         bare,
		strings.Replace(bare, " ", "\t", 1): bare,
		bare + " 密钥":                        bare + " 密钥",
	} {
		key, err := strictKeys.Parse(body)
		NewWithT(t).Expect(err).NotTo(HaveOccurred(), "%q", body)
		NewWithT(t).Expect(key.Line).To(Equal(want))
		NewWithT(t).Expect(key.Fingerprint.Colons()).To(Equal(sshkeys.RSA2048.Fingerprint))
	}

	text := strings.TrimPrefix(bare, "ssh-rsa ")
	ed := sshkeys.Ed25519.Bare()
	for _, body := range []string{
		"", " ", "ssh-rsa", "ssh-rsa ", text, "rsa " + text, "SSH-RSA " + text, "ssh-dss " + text,
		"ecdsa-sha2-nistp256 " + text, ed, "not a key", "-----", "{}", "\x00\xff\xfe", "foo " + text,
		"no-pty " + bare, "ssh-rsa " + strings.TrimRight(text, "=") + "=", "ssh-rsa " + text + "=", "ssh-rsa -" + text,
		"ssh-rsa " + text[:40] + "\n" + text[40:], bare + "\n" + bare, bare + " a\x00b", bare + " a\x1bb", bare + " \xff",
		"ssh-rsa " + text[:40] + " " + text[40:], bare + " " + strings.Repeat("a", LongestBody),
		"ssh-rsa AAAA", "ssh-rsa AAAAB3Nza12345678qwertyuudsfsg", "ssh-rsa\u00a0" + text,
	} {
		_, err := strictKeys.Parse(body)
		NewWithT(t).Expect(err).To(MatchError(ErrKey), "%.60q", body)
		NewWithT(t).Expect(err.Error()).NotTo(ContainSubstring(text[:20]))
	}
}

// fields makes a blob out of an algorithm and strings or big-endian numbers, written as they are.
func fields(parts ...string) []byte {
	var blob []byte
	for _, p := range parts {
		blob = append(binary.BigEndian.AppendUint32(blob, uint32(len(p))), p...)
	}
	return blob
}

func TestParseNumbers(t *testing.T) {
	t.Parallel()
	modulus := func(bits int) string { // odd, highest bit set, with its sign byte where it needs one
		n := bytes.Repeat([]byte{0xff}, (bits+7)/8)
		n[0] >>= (8 - bits%8) % 8
		if n[0]&0x80 != 0 {
			return "\x00" + string(n)
		}
		return string(n)
	}
	e := "\x01\x00\x01"
	good := modulus(2048)
	for name, c := range map[string]struct {
		blob []byte
		ok   bool
	}{
		"1024 bits":           {fields("ssh-rsa", e, modulus(1024)), true},
		"1023 bits":           {fields("ssh-rsa", e, modulus(1023)), false},
		"16384 bits":          {fields("ssh-rsa", e, modulus(16384)), true},
		"16385 bits":          {fields("ssh-rsa", e, modulus(16385)), false},
		"exponent 3":          {fields("ssh-rsa", "\x03", good), true},
		"exponent 1":          {fields("ssh-rsa", "\x01", good), false},
		"exponent even":       {fields("ssh-rsa", "\x04", good), false},
		"exponent nought":     {fields("ssh-rsa", "", good), false},
		"exponent negative":   {fields("ssh-rsa", "\xff", good), false},
		"exponent padded":     {fields("ssh-rsa", "\x00\x03", good), false},
		"exponent zero byte":  {fields("ssh-rsa", "\x00", good), false},
		"exponent as modulus": {fields("ssh-rsa", good, good), false},
		"modulus negative":    {fields("ssh-rsa", e, good[1:]), false},
		"a length too great":  {append(fields("ssh-rsa", e), 0xff, 0xff, 0xff, 0xff, 1), false},
		"P-256, wrong name":   {fields("ecdsa-sha2-nistp256", "nistp384", strings.Repeat("\x04", 65)), false},
		"P-256, no point":     {fields("ecdsa-sha2-nistp256", "nistp256", "\x04"+strings.Repeat("\x01", 64)), false},
		"P-256, infinity":     {fields("ecdsa-sha2-nistp256", "nistp256", "\x00"), false},
		"DSA, 2048 bits":      {fields("ssh-dss", good, modulus(160), "\x02", "\x02"), false},
		"DSA, 256 bit q":      {fields("ssh-dss", modulus(1024), modulus(256), "\x02", "\x02"), false},
		"DSA, y is p":         {fields("ssh-dss", modulus(1024), modulus(160), "\x02", modulus(1024)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			algorithm := string(c.blob[4 : 4+binary.BigEndian.Uint32(c.blob)])
			_, err := strictKeys.Parse(line(algorithm, c.blob))
			if c.ok {
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
			} else {
				NewWithT(t).Expect(err).To(MatchError(ErrKey))
			}
		})
	}
}

// An unsigned certificate is not a certificate.
func TestParseUnsignedCertificate(t *testing.T) {
	t.Parallel()
	blob := blobOf(sshkeys.CertRSAV01)
	cert, err := ssh.ParsePublicKey(blob)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	blob = blob[:len(blob)-len(ssh.Marshal(cert.(*ssh.Certificate).Signature))] // the last string
	binary.BigEndian.PutUint32(blob[len(blob)-4:], 0)
	_, err = strictKeys.Parse(line(sshkeys.CertRSAV01.Algorithm, blob))
	NewWithT(t).Expect(err).To(MatchError(ErrKey))
}

func TestShallow(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	sound := sshkeys.RSA2048
	key, err := shallowKeys.Parse(sound.Bare() + " me\n")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(key.Fingerprint.Colons()).To(Equal(sound.Fingerprint), "a sound key has its own fingerprint")

	const seen = "AAAAB3Nza12345678qwertyuudsfsg"
	sum := md5.Sum([]byte(seen))
	for _, body := range []string{"ssh-rsa " + seen, "ssh-rsa " + seen + " c", "ssh-dss " + seen, "ssh-rsa " + seen + "\n"} {
		key, err := shallowKeys.Parse(body)
		g.Expect(err).NotTo(HaveOccurred(), "%q", body)
		g.Expect(key.Fingerprint.Hex()).To(Equal(hex.EncodeToString(sum[:])))
	}
	for _, body := range []string{"ssh-rsa " + seen + "abc", "ssh-rsa " + seen + "==", "ssh-rsa " + seen + "="} {
		_, err = shallowKeys.Parse(body)
		g.Expect(err).NotTo(HaveOccurred(), "it need not be whole bytes")
	}

	for _, body := range []string{
		"", "ssh-rsa", "ssh-rsa AAAA", "ssh-rsa " + seen + "===", "ssh-rsa " + seen + "-", "ssh-rsa " + seen[:20] + "=" + seen,
		"rsa " + seen, "ssh-ed25519 " + seen, "not a key", "ssh-rsa-cert-v01@openssh.com " + seen,
	} {
		_, err := shallowKeys.Parse(body)
		g.Expect(err).To(MatchError(ErrKey), "%q", body)
	}
}

// What a rule accepts and nothing here can read is refused, and taken for base64 at most.
func TestAlgorithmWithoutLayout(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ssh-ed25519", "ssh-rsa-cert-v02@openssh.com"} {
		rule := strictKeys
		rule.Algorithms = []string{algorithm}
		blob := fields(algorithm, strings.Repeat("k", 32))
		_, err := rule.Parse(line(algorithm, blob))
		NewWithT(t).Expect(err).To(MatchError(ErrKey))
		rule.Depth = Shallow
		key, err := rule.Parse(line(algorithm, blob))
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		NewWithT(t).Expect(key.Fingerprint).To(Equal(Fingerprint(md5.Sum([]byte(base64.StdEncoding.EncodeToString(blob))))))
	}
}

func TestParseFingerprint(t *testing.T) {
	t.Parallel()
	const colons = "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b"
	f, ok := ParseFingerprint(colons)
	g := NewWithT(t)
	g.Expect(ok).To(BeTrue())
	g.Expect(f.Colons()).To(Equal(colons))
	g.Expect(f.Hex()).To(Equal("89f0ba62acb8aae1615efd8169866d6b"))
	for _, form := range []string{f.Hex(), strings.ToUpper(colons), strings.ToUpper(f.Hex())} {
		again, ok := ParseFingerprint(form)
		g.Expect(ok).To(BeTrue(), form)
		g.Expect(again).To(Equal(f), form)
	}
	for _, form := range []string{
		"", "89", f.Hex() + "_fake", colons + ":f0", f.Hex() + "00", strings.Replace(colons, ":", "-", 1),
		"8:9f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b", strings.Replace(f.Hex(), "f", "g", 1), "ABC1234567",
	} {
		_, ok := ParseFingerprint(form)
		g.Expect(ok).To(BeFalse(), form)
	}
}

// Whatever the bytes, Parse returns; what it takes is one clean line that it takes again with the same outcome; and what
// is taken strictly is taken shallowly too, with the same fingerprint, and is a key for another reader as well.
func FuzzParse(f *testing.F) {
	for _, k := range sshkeys.All() {
		f.Add(k.Line + "\r\n")
	}
	for _, m := range sshkeys.Malformed {
		f.Add(m.Body)
	}
	for _, seed := range []string{"", "ssh-rsa", "ssh-rsa AAAA", "ssh-rsa AAAAB3Nza12345678qwertyuudsfsg", "\xff\x00", "-----BEGIN"} {
		f.Add(seed)
	}
	lenient := strictKeys
	lenient.Depth = Shallow
	f.Fuzz(func(t *testing.T, body string) {
		loose, looseErr := lenient.Parse(body)
		key, err := strictKeys.Parse(body)
		if err == nil && (looseErr != nil || loose != key) {
			t.Errorf("taken strictly, but shallowly %v", looseErr)
		}
		if looseErr == nil {
			if again, err := lenient.Parse(loose.Line); err != nil || again != loose {
				t.Errorf("%q is not taken again: %v", loose.Line, err)
			}
			if strings.ContainsAny(loose.Line, "\r\n\x00") {
				t.Errorf("%q is not a line", loose.Line)
			}
		}
		if err == nil && !strings.Contains(key.Line, "-cert-") {
			public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key.Line))
			if err == nil && ssh.FingerprintLegacyMD5(public) != key.Fingerprint.Colons() {
				t.Errorf("the fingerprint of %q differs", key.Line)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	body := sshkeys.RSA2048.Line
	b.ReportAllocs()
	for b.Loop() {
		if _, err := strictKeys.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
