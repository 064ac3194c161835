// Package evidence records what went over the wire between a spec and a target,
// and makes it fit to be shown to anybody.
//
// A [Recorder] is an [net/http.RoundTripper] that stands between a client and
// its transport:
//
//	recorder := evidence.NewRecorder(wire.NewTransport())
//	recorder.Begin()                 // a spec starts
//	…                                // its calls pass through the recorder
//	exchanges := recorder.Take()     // what it sent and what came back
//
// An [Exchange] is redacted when it is recorded, not when it is shown: what
// leaves this package can be printed, stored and published. It still holds what
// an implementer, or kpspec replay, needs to repeat the call: product, wire shape,
// and the names of account and identity ([Origin]), method, path, the decoded parameters
// in the order they were sent and whether each travelled in the query or in the
// body, and the headers and the body of the answer.
//
// # What is shown
//
// Redaction is an allow-list, in tables.go. Parameters, headers and members of
// an answer that are known to be harmless are shown; the value of everything
// else is "[hidden]". So a header or a member nobody has thought of is hidden
// until somebody decides otherwise. On top of that
//
//   - values that were hidden in the request (access key id, signature, token)
//     are hidden again wherever the answer repeats them, percent-encoded or not,
//     and so are the values told to [Recorder.Hide];
//   - private keys in PEM are hidden in every value;
//   - text written by the server (messages, HTML) also loses long runs of base64
//     and the values of things that are called a key, a token or a secret.
//
// Of a JSON or XML body that breaks off, or that is wrong somewhere, the members
// before that place are shown by the same list, and nothing behind it. Of a body
// that is neither, such as a web page, and of a status line in the server's own
// words only what has the form of plain words, small numbers and punctuation is
// shown, at most 200 bytes of it.
package evidence
