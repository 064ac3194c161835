// Package weather puts bad weather in front of the reference, for clients to be tried in: latency, throttling, a service
// that is unavailable, connections that are reset, slow bodies, lists that lag behind, and a clock that is wrong. The
// operations know nothing of it.
//
// A [Forecast] says which kinds there are and how much of each; the zero Forecast is fair weather. A [Weather] makes it:
// it stands as an http.Handler before a server ([Weather.Before]), and takes part in it through its clock ([Weather.Now])
// and the parts that it changes ([Weather.Into]).
//
// # Repeatable
//
// What meets the n-th request is decided by the seed, n and the kind alone. The same seed and the same sequence of requests
// give the same weather, and one kind more leaves the others where they were. [Weather.Set] begins the sequence anew.
//
// # Marked
//
// An answer that the weather had a hand in names the kinds in the header [Header], for it is no evidence of how the
// reference answers. A reset leaves no answer to mark; the log has a line of it.
//
// # Whose words
//
// Throttling and unavailability are answered by the gateway in the words of the product, as its other refusals are. A
// request is throttled where the documents' order of checks suggests it, after its signature was found right, and its nonce
// is used up; the service is unavailable to anybody. Neither carries anything out. Of the requests whose connection is
// reset, one half is carried out before: a client cannot know which.
package weather
