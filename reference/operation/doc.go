// Package operation has what the operations of both products are made of. An [Operation] is two ordered lists of named
// steps and an answer made from what they found out. Checks only read the call; effects look at what there is, and the
// last of them changes it. The first step that returns an error ends the call, so a refused call has changed nothing.
//
// A [Product] leads calls through its operations. Its operations and its error table are data that belong to one server:
// whoever makes a server may put another step, another answer or another row in a place before it serves, and the
// operations themselves know nothing of it.
package operation
