package rpc

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// v3Algorithm is the one algorithm of V3 that is served.
const v3Algorithm = "ACS3-HMAC-SHA256"

// The headers of V3, as net/http spells them.
const (
	headerAction  = "X-Acs-Action"
	headerVersion = "X-Acs-Version"
	headerDate    = "X-Acs-Date"
	headerNonce   = "X-Acs-Signature-Nonce"
	headerHash    = "X-Acs-Content-Sha256"
	headerToken   = "X-Acs-Security-Token"

	vendorPrefix = "X-Acs-"
)

// mustBeSigned are the headers that every V3 signature has to cover, beside all
// other x-acs-* headers of the request; sorted.
var mustBeSigned = []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}

// headerKeys spares computing how net/http spells the usual signed headers.
var headerKeys = func() map[string]string {
	keys := make(map[string]string)
	for _, name := range append([]string{"content-type", "x-acs-accesskey-id", "x-acs-credentials-provider", "x-acs-security-token"}, mustBeSigned...) {
		keys[name] = http.CanonicalHeaderKey(name)
	}
	return keys
}()

// newV3Key returns the HMAC of a secret as V3 wants it: the secret as it is.
func newV3Key(secret string) *keyedHash { return newKeyedHash(sha256.New, secret) }

// readCommonV3 reads the headers. Each may stand once, or it were open which
// value counts.
func readCommonV3(q *request) *problem {
	for _, h := range []struct {
		key   string
		value *string
	}{
		{headerAction, &q.action},
		{headerVersion, &q.version},
		{headerDate, &q.timestamp},
		{headerNonce, &q.nonce},
		{headerHash, &q.payloadHash},
		{headerToken, &q.token},
	} {
		values := q.http.Header[h.key]
		if len(values) > 1 {
			return &problem{fault: FaultDuplicate, name: strings.ToLower(h.key)}
		}
		if len(values) == 1 {
			*h.value = values[0]
		}
	}
	return nil
}

// readAuthorization takes "ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…"
// apart.
func readAuthorization(q *request) *problem {
	algorithm, rest, _ := strings.Cut(q.authorization, " ")
	if algorithm != v3Algorithm {
		return &problem{fault: FaultSignatureField, name: "SignatureMethod"}
	}
	fields := 0
	for field := range strings.SplitSeq(rest, ",") {
		fields++
		switch name, value, _ := strings.Cut(strings.TrimSpace(field), "="); name {
		case "Credential":
			q.accessKeyID = value
		case "SignedHeaders":
			q.signedHeaders = value
		case "Signature":
			q.signature = value
		}
	}
	switch {
	case fields != 3, slices.Contains([]string{q.accessKeyID, q.signedHeaders, q.signature}, ""):
		return signatureForm("Authorization must have Credential, SignedHeaders and Signature, each once.")
	}
	return nil
}

// signatureForm is the fault of a signature not made as documented.
func signatureForm(detail string) *problem {
	return &problem{fault: FaultSignatureForm, detail: detail}
}

// checkSignedHeadersV3 wants a sorted list of lower-case names, with all of
// mustBeSigned and all x-acs-* headers of the request among them.
func checkSignedHeadersV3(q *request) *problem {
	signed := strings.Split(q.signedHeaders, ";")
	if strings.ToLower(q.signedHeaders) != q.signedHeaders || !slices.IsSorted(signed) || len(slices.Compact(signed)) < len(signed) {
		return signatureForm("SignedHeaders must be lower-case names, sorted, each once.")
	}
	signs := func(header string) bool {
		return slices.ContainsFunc(signed, func(name string) bool {
			// Folding alone would take letters beyond ASCII for theirs, which are longer.
			return len(name) == len(header) && strings.EqualFold(name, header)
		})
	}
	var missed []string
	for _, name := range mustBeSigned {
		if !signs(name) {
			missed = append(missed, name)
		}
	}
	for key := range q.http.Header {
		if strings.HasPrefix(key, vendorPrefix) && !signs(key) {
			missed = append(missed, strings.ToLower(key))
		}
	}
	if len(missed) > 0 { // name the same one every time
		return signatureForm("The header " + shorten(slices.Min(missed)) + " must be signed.")
	}
	return nil
}

func hashHex(data []byte) string { return hexOf(sha256.Sum256(data)) }

func hexOf(sum [sha256.Size]byte) string {
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

func checkPayloadHashV3(q *request) *problem {
	if q.payloadHash != hashHex(q.body) {
		return signatureForm("x-acs-content-sha256 is not the lower-case SHA-256 of the request body.")
	}
	return nil
}

func checkSignatureV3(q *request) (p *problem) {
	withScratch(func(buf []byte) []byte {
		canonical := canonicalV3{
			method: q.http.Method, query: q.query, signedHeaders: q.signedHeaders,
			values:      func(name string) []string { return headerValues(q.http, name) },
			payloadHash: q.payloadHash,
		}
		buf = canonical.append(buf)
		toSign := appendStringToSignV3(buf)[len(buf):]
		if !equalSecrets(q.signature, signV3(q.caller.v3, toSign)) {
			p = &problem{fault: FaultSignatureV3, detail: describeV3(buf, toSign, q.token)}
		}
		return buf
	})
	return p
}

// appendStringToSignV3 appends what the HMAC goes over to the canonical request that it is made of.
func appendStringToSignV3(canonical []byte) []byte {
	hash := hashHex(canonical)
	return append(append(canonical, v3Algorithm+"\n"...), hash...)
}

// signV3 returns the signature in lower-case hexadecimal.
func signV3(key *keyedHash, toSign []byte) string {
	var sum [sha256.Size]byte
	key.sum(sum[:0], toSign)
	return hexOf(sum)
}

// describeV3 tells the caller what was signed here, the security token hidden:
// messages end up in logs.
func describeV3(canonical, toSign []byte, token string) string {
	const start = "\nx-acs-security-token:"
	canonical = bytes.Replace(canonical, []byte(start+token+"\n"), []byte(start+"[hidden]\n"), 1)
	return "server StringToSign is [" + string(toSign) + "] server CanonicalRequest is [" + cutMessage(canonical) + "]"
}

// headerValues returns the values of a header by its lower-case name; net/http
// keeps Host apart.
func headerValues(r *http.Request, name string) []string {
	if name == "host" {
		return []string{r.Host}
	}
	key, usual := headerKeys[name]
	if !usual {
		key = http.CanonicalHeaderKey(name)
	}
	return r.Header[key]
}

// canonicalV3 is what goes into the canonical request of V3.
type canonicalV3 struct {
	method        string
	query         []pair // of the query alone, sorted
	signedHeaders string // sorted names joined by ';'
	values        func(name string) []string
	payloadHash   string
}

// append appends the canonical request. The query is encoded anew from its decoded form, for
// clients encode a space as they like. A header that stands several times gives its values sorted
// and joined by commas, as the official SDK does.
func (c canonicalV3) append(dst []byte) []byte {
	dst = append(dst, c.method...)
	dst = append(dst, "\n/\n"...)
	for i, one := range c.query {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = appendEncoded(dst, one.name, "%")
		dst = append(dst, '=')
		dst = appendEncoded(dst, one.value, "%")
	}
	dst = append(dst, '\n')
	for name := range strings.SplitSeq(c.signedHeaders, ";") {
		dst = append(dst, name...)
		dst = append(dst, ':')
		dst = append(appendValues(dst, c.values(name)), '\n')
	}
	dst = append(dst, '\n')
	dst = append(dst, c.signedHeaders...)
	dst = append(dst, '\n')
	return append(dst, c.payloadHash...)
}

// appendValues appends the values of a header, trimmed and sorted, with commas between them.
func appendValues(dst []byte, values []string) []byte {
	var few [4]string // a header stands once, as a rule
	trimmed := few[:0]
	for _, value := range values {
		trimmed = append(trimmed, strings.TrimSpace(value))
	}
	slices.Sort(trimmed)
	for i, value := range trimmed {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, value...)
	}
	return dst
}
