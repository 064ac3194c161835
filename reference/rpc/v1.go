package rpc

import (
	"cmp"
	"crypto/sha1"
	"encoding/base64"
)

// What the V1 signature's own parameters must say.
const (
	v1Method  = "HMAC-SHA1"
	v1Version = "1.0"
)

// stringToSignMark ends the sentence before the string to sign; the legacy Go
// SDK splits the message there to compare with its own.
const stringToSignMark = "server string to sign is:"

// maxShown bounds the part of a request that a message repeats, in bytes.
const maxShown = 65536

// cutMessage is the part of what was signed that a message repeats.
func cutMessage(signed []byte) string { return string(signed[:min(len(signed), maxShown)]) }

// newV1Key returns the HMAC of a secret as V1 wants it, with "&" behind.
func newV1Key(secret string) *keyedHash { return newKeyedHash(sha1.New, secret+"&") }

func readCommonV1(q *request) {
	q.action, _ = q.params.Get("Action")
	q.version, _ = q.params.Get("Version")
	q.accessKeyID, _ = q.params.Get("AccessKeyId")
	q.signature, _ = q.params.Get("Signature")
	q.timestamp, _ = q.params.Get("Timestamp")
	q.nonce, _ = q.params.Get("SignatureNonce")
	q.token, _ = q.params.Get("SecurityToken")
}

// checkSignatureFieldsV1 takes an absent or empty SignatureMethod for HMAC-SHA1,
// and wants SignatureType absent or empty: bearer tokens and key pairs are not served.
func checkSignatureFieldsV1(q *request) *problem {
	if method, _ := q.params.Get("SignatureMethod"); cmp.Or(method, v1Method) != v1Method {
		return &problem{fault: FaultSignatureField, name: "SignatureMethod"}
	}
	if version, _ := q.params.Get("SignatureVersion"); version != v1Version {
		return &problem{fault: FaultSignatureField, name: "SignatureVersion"}
	}
	if kind, _ := q.params.Get("SignatureType"); kind != "" {
		return &problem{fault: FaultSignatureField, name: "SignatureType"}
	}
	return nil
}

func checkSignatureV1(q *request) (p *problem) {
	withScratch(func(buf []byte) []byte {
		buf = appendStringToSignV1(buf, q.http.Method, q.params.sorted)
		if !equalSecrets(q.signature, signV1(q.caller.v1, buf)) {
			p = &problem{fault: FaultSignatureV1, detail: describeV1(buf, q.token)}
		}
		return buf
	})
	return p
}

// signV1 returns the signature in base64.
func signV1(key *keyedHash, stringToSign []byte) string {
	return base64.StdEncoding.EncodeToString(key.sum(make([]byte, 0, sha1.Size), stringToSign))
}

// describeV1 tells the caller what was signed here. Not with a security token in
// it, though: messages end up in logs.
func describeV1(stringToSign []byte, token string) string {
	if token != "" {
		return "The string to sign is not shown because it contains the security token."
	}
	return stringToSignMark + cutMessage(stringToSign)
}

// appendStringToSignV1 appends METHOD&%2F& and the twice encoded parameters,
// all but Signature, in their order.
func appendStringToSignV1(dst []byte, method string, sorted []pair) []byte {
	const escape, equals, ampersand = "%25", "%3D", "%26"
	dst = append(dst, method...)
	dst = append(dst, "&%2F&"...)
	first := true
	for _, one := range sorted {
		if one.name == "Signature" {
			continue
		}
		if !first {
			dst = append(dst, ampersand...)
		}
		first = false
		dst = appendEncoded(dst, one.name, escape)
		dst = append(dst, equals...)
		dst = appendEncoded(dst, one.value, escape)
	}
	return dst
}
