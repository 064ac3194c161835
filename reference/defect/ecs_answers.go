package defect

import (
	"context"
	"crypto/md5" // #nosec G501 -- the fingerprints of defects are wrong in many ways
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
)

// printed changes how fingerprints are printed.
func printed(p *parts, as func(keypair.Fingerprint) string) { p.ECS().Print = as }

// fingerprinted changes the fingerprint of an imported key, which is then wrong wherever it is shown.
func fingerprinted(p *parts, of func(c *operation.Call, body string) keypair.Fingerprint) {
	keyed(p, onECS, func(c *operation.Call, body string, err error) error {
		if err == nil {
			c.Pair.Fingerprint = of(c, body)
		}
		return err
	})
}

func blob(body string) []byte {
	words := append(strings.Fields(body), "", "")
	b, _ := base64.StdEncoding.DecodeString(words[1]) // what cannot be read has an empty blob
	return b
}

// ecsAnswers are wrong answers of ImportKeyPair to a call that succeeds.
func ecsAnswers() []Defect {
	answer := func(change func(*operation.Call, []field) []field) func(*parts) {
		return func(p *parts) { members(p, onECS, importKeyPair, change) }
	}
	const name, fingerprint = "KeyPairName", "KeyPairFingerPrint"
	return []Defect{
		bug("ecs-answer-201", "A success has the status 201.", "ECS-IMP-RESP-200", func(p *parts) { form(p, onECS).Success = 201 }).atGateway(),
		bug("ecs-answer-name-missing", "The answer has no KeyPairName.", "ECS-IMP-RESP-200 ECS-IMP-RESP-NAME ECS-IMP-JSON ECS-IMP-XML ECS-IMP-TYPES", answer(dropped(name))),
		bug("ecs-answer-name-renamed", "The answer has Name in place of KeyPairName.", "ECS-IMP-RESP-200 ECS-IMP-RESP-NAME ECS-IMP-JSON ECS-IMP-XML ECS-IMP-TYPES", answer(renamed(name, "Name"))),
		bug("ecs-answer-name-list", "The answer's KeyPairName is a list.", "ECS-IMP-RESP-200 ECS-IMP-RESP-NAME ECS-IMP-JSON ECS-IMP-TYPES", answer(retyped(name))),
		bug("ecs-answer-name-lower", "The answer's KeyPairName is in small letters.", "ECS-IMP-RESP-NAME", answer(valued(name, func(c *operation.Call) any { return strings.ToLower(c.Pair.Name) }))),
		bug("ecs-answer-name-question-marks", "The answer's KeyPairName has ? for what is not ASCII.", "ECS-IMP-RESP-NAME ECS-IMP-XML", answer(valued(name, func(c *operation.Call) any {
			return strings.Map(func(r rune) rune {
				if r > 127 {
					return '?'
				}
				return r
			}, c.Pair.Name)
		}))),
		bug("ecs-answer-name-example", "The answer's KeyPairName is always that of the document's example.", "ECS-IMP-RESP-NAME ECS-IMP-XML", answer(valued(name, func(*operation.Call) any { return "testKeyPairName" }))),
		bug("ecs-answer-fingerprint-missing", "The answer has no KeyPairFingerPrint.", "ECS-IMP-RESP-200 ECS-IMP-RESP-FP-PRESENT ECS-IMP-JSON ECS-IMP-TYPES", answer(dropped(fingerprint))),
		bug("ecs-answer-fingerprint-renamed", "The answer has KeyPairFingerprint in place of KeyPairFingerPrint.", "ECS-IMP-RESP-200 ECS-IMP-RESP-FP-PRESENT ECS-IMP-JSON ECS-IMP-TYPES", answer(renamed(fingerprint, "KeyPairFingerprint"))),
		bug("ecs-answer-fingerprint-list", "The answer's KeyPairFingerPrint is a list.", "ECS-IMP-RESP-200 ECS-IMP-RESP-FP-PRESENT ECS-IMP-JSON ECS-IMP-TYPES", answer(retyped(fingerprint))),
		bug("ecs-answer-fingerprint-empty", "The answer's KeyPairFingerPrint is empty.", "ECS-IMP-RESP-FP-PRESENT", answer(valued(fingerprint, func(*operation.Call) any { return "" }))),
		bug("ecs-answer-fingerprint-number", "The answer's KeyPairFingerPrint is a number.", "ECS-IMP-RESP-200 ECS-IMP-RESP-FP-PRESENT ECS-IMP-TYPES", answer(valued(fingerprint, func(*operation.Call) any { return 89 }))),
		bug("ecs-answer-fingerprint-example", "The answer's KeyPairFingerPrint is always that of the document's example.", "ECS-IMP-RESP-FP-MD5 ECS-IMP-RESP-FP-DESCRIBE", answer(valued(fingerprint, func(*operation.Call) any {
			return "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b"
		}))),
		bug("ecs-answer-wrapped", "The members of the answer are in an object of their own.", "ECS-IMP-RESP-200 ECS-IMP-RESP-NAME ECS-IMP-RESP-FP-PRESENT ECS-IMP-JSON ECS-IMP-TYPES", answer(func(_ *operation.Call, all []field) []field {
			return []field{{"KeyPair", valueOf(object(all))}}
		})),
		bug("ecs-answer-private", "The answer has a member PrivateKeyBody.", "ECS-IMP-KEY-NOPRIVATE", answer(func(_ *operation.Call, all []field) []field {
			return append(all, field{"PrivateKeyBody", valueOf("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n")})
		})),
		bug("ecs-answer-id-missing", "A success has no RequestId.", "ECS-IMP-RESP-200 ECS-IMP-RESP-REQID ECS-IMP-JSON ECS-IMP-XML ECS-IMP-TYPES", func(p *parts) { form(p, onECS).RequestID = "" }).atGateway(),
		bug("ecs-answer-id-renamed", "A success has RequestID in place of RequestId.", "ECS-IMP-RESP-200 ECS-IMP-RESP-REQID ECS-IMP-JSON ECS-IMP-XML ECS-IMP-TYPES", func(p *parts) { form(p, onECS).RequestID = "RequestID" }).atGateway(),
		bug("ecs-answer-id-constant", "All requests have one RequestId.", "ECS-IMP-RESP-REQID", func(p *parts) {
			p.Gateway().RequestID = func() string { return "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E" }
		}).atGateway(),
		bug("ecs-answer-id-lower", "RequestIds are in small letters.", "ECS-IMP-RESP-REQID", func(p *parts) {
			p.Gateway().RequestID = func() string { return strings.ToLower(rpc.NewRequestID()) }
		}).atGateway(),
		bug("ecs-answer-xml-root", "The root of an XML answer is Response.", "ECS-IMP-XML", func(p *parts) { form(p, onECS).Root = func(string) string { return "Response" } }).atGateway(),
		bug("ecs-refusal-xml-never", "A refusal is in JSON where Format=XML is asked for.", "ECS-IMP-XML", func(p *parts) { form(p, onECS).Refusals = rpc.JSON }).atGateway(),
		bug("ecs-refusal-json-never", "A refusal is in XML where Format=JSON is asked for.", "ECS-IMP-JSON", func(p *parts) { form(p, onECS).Refusals = rpc.XML }).atGateway(),
		bug("ecs-answer-xml-never", "Format=XML is answered in JSON.", "ECS-IMP-XML", func(p *parts) { form(p, onECS).Only = rpc.JSON }).atGateway(),
		bug("ecs-answer-xml-alone", "A call for which Format=XML is asked is answered and not carried out.", "ECS-IMP-XML", func(p *parts) {
			wrap(p, onECS, importKeyPair, "store", func(was operation.Run) operation.Run {
				return func(ctx context.Context, c *operation.Call) error {
					if c.Text("Format") == "XML" {
						return nil
					}
					return was(ctx, c)
				}
			})
		}),
		bug("ecs-answer-json-never", "Format=JSON is answered in XML.", "ECS-IMP-ACTION ECS-IMP-GET ECS-IMP-REGION-KNOWN ECS-IMP-REGION-SCOPE ECS-IMP-KEY-SSHRSA ECS-IMP-KEY-SSHDSS ECS-IMP-KEY-ECDSA ECS-IMP-KEY-NOPRIVATE ECS-IMP-RG-OPT ECS-IMP-TAG-OPT ECS-IMP-TAG-WIRE ECS-IMP-RESP-200 ECS-IMP-JSON ECS-IMP-RAM-COND ECS-IMP-TYPES ECS-IMP-SUMMARY", func(p *parts) { form(p, onECS).Only = rpc.XML }).atGateway(),

		bug("ecs-fingerprint-of-text", "The fingerprint is that of the key's text.", "ECS-IMP-KEY-COMMENT ECS-IMP-KEY-EOL ECS-IMP-RESP-FP-MD5 ECS-IMP-RESP-FP-STABLE", func(p *parts) {
			fingerprinted(p, func(_ *operation.Call, body string) keypair.Fingerprint { return md5.Sum([]byte(body)) }) // #nosec G401
		}),
		bug("ecs-fingerprint-of-base64", "The fingerprint is that of the key's base64 text.", "ECS-IMP-RESP-FP-MD5", func(p *parts) {
			fingerprinted(p, func(_ *operation.Call, body string) keypair.Fingerprint {
				return md5.Sum([]byte(strings.Fields(body)[1]))
			}) // #nosec G401
		}),
		bug("ecs-fingerprint-of-key-without-name", "The fingerprint leaves the algorithm's name out of the blob.", "ECS-IMP-RESP-FP-MD5", func(p *parts) {
			fingerprinted(p, func(_ *operation.Call, body string) keypair.Fingerprint { return md5.Sum(blob(body)[11:]) }) // #nosec G401
		}),
		bug("ecs-fingerprint-sha256", "The fingerprint is the first half of a SHA-256 digest.", "ECS-IMP-RESP-FP-MD5", func(p *parts) {
			fingerprinted(p, func(_ *operation.Call, body string) keypair.Fingerprint {
				sum := sha256.Sum256(blob(body))
				return keypair.Fingerprint(sum[:16])
			})
		}),
		bug("ecs-fingerprint-of-name", "The fingerprint depends on the name.", "ECS-IMP-KEY-COMMENT ECS-IMP-KEY-EOL ECS-IMP-KEY-DUP ECS-IMP-RESP-FP-MD5 ECS-IMP-RESP-FP-STABLE ECS-IMP-XML", func(p *parts) {
			fingerprinted(p, func(c *operation.Call, body string) keypair.Fingerprint {
				return md5.Sum(append(blob(body), c.Pair.Name...))
			}) // #nosec G401
		}),
		bug("ecs-fingerprint-of-region", "The fingerprint depends on the region.", "ECS-IMP-RESP-FP-STABLE", func(p *parts) {
			fingerprinted(p, func(c *operation.Call, _ string) keypair.Fingerprint {
				if c.Scope.Region != p.ECS().Regions[0] {
					c.Pair.Fingerprint[3]++
				}
				return c.Pair.Fingerprint
			})
		}),
		bug("ecs-fingerprint-of-tags", "The fingerprint depends on the tags.", "ECS-IMP-RESP-FP-STABLE", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) { c.Pair.Fingerprint[5] += byte(len(c.Pair.Tags)) })
		}),
		bug("ecs-fingerprint-sha256-form", "Fingerprints are printed as OpenSSH prints SHA-256.", "ECS-IMP-RESP-FP-MD5 ECS-IMP-RESP-FP-FORM ECS-IMP-RESP-FP-DESCRIBE", func(p *parts) {
			printed(p, func(f keypair.Fingerprint) string { return "SHA256:" + base64.RawStdEncoding.EncodeToString(f[:]) })
		}),
		bug("ecs-fingerprint-with-prefix", "Fingerprints begin with MD5:.", "ECS-IMP-RESP-FP-MD5 ECS-IMP-RESP-FP-FORM ECS-IMP-RESP-FP-DESCRIBE", func(p *parts) {
			printed(p, func(f keypair.Fingerprint) string { return "MD5:" + f.Colons() })
		}),
		bug("ecs-fingerprint-plain", "Fingerprints have no colons.", "ECS-IMP-RESP-FP-FORM", func(p *parts) { printed(p, keypair.Fingerprint.Hex) }),
		bug("ecs-fingerprint-upper", "Fingerprints have capital letters.", "ECS-IMP-RESP-FP-FORM", func(p *parts) {
			printed(p, func(f keypair.Fingerprint) string { return strings.ToUpper(f.Colons()) })
		}),
		bug("ecs-fingerprint-cut", "Fingerprints lack their last octet.", "ECS-IMP-RESP-FP-MD5 ECS-IMP-RESP-FP-FORM ECS-IMP-RESP-FP-DESCRIBE", func(p *parts) {
			printed(p, func(f keypair.Fingerprint) string { return f.Colons()[:44] })
		}),
		bug("ecs-fingerprint-filter-ignored", "DescribeKeyPairs does not filter by fingerprint.", "ECS-IMP-RESP-FP-DESCRIBE", func(p *parts) {
			without(p, onECS, "DescribeKeyPairs", "fingerprint filter")
		}),
		bug("ecs-fingerprint-filter-nothing", "DescribeKeyPairs finds nothing by fingerprint.", "ECS-IMP-RESP-FP-DESCRIBE", func(p *parts) {
			before(p, onECS, "DescribeKeyPairs", "find", func(c *operation.Call) {
				if c.Filter != nil && c.Filter.Fingerprint != nil {
					c.Filter = nil
				}
			})
		}),
		bug("ecs-fingerprint-listed-differs", "DescribeKeyPairs shows another fingerprint than ImportKeyPair.", "ECS-IMP-RESP-FP-DESCRIBE", func(p *parts) {
			after(p, onECS, "DescribeKeyPairs", "find", func(c *operation.Call, err error) error {
				for i := range c.Pairs {
					c.Pairs[i].Fingerprint[0]++
				}
				return err
			})
		}),
		bug("ecs-listed-private", "DescribeKeyPairs shows a private key.", "ECS-IMP-KEY-STORED ECS-IMP-KEY-NOPRIVATE", func(p *parts) {
			after(p, onECS, "DescribeKeyPairs", "find", func(c *operation.Call, err error) error {
				for i := range c.Pairs {
					c.Pairs[i].PublicKey = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"
				}
				c.Public = true
				return err
			})
		}),
		bug("ecs-listed-tags-dropped", "DescribeKeyPairs shows no tags.", "ECS-IMP-TAG-WIRE ECS-IMP-TAG-ATOMIC ECS-IMP-TYPES", func(p *parts) {
			after(p, onECS, "DescribeKeyPairs", "find", func(c *operation.Call, err error) error {
				for i := range c.Pairs {
					c.Pairs[i].Tags = nil
				}
				return err
			})
		}),
	}
}
