// Package defect has the declared faults of the reference: each one a bug that an implementer could have, in the place
// where it would be, and the rules that a conformance suite must find broken because of it.
//
// A defect changes the parts that a server is put together from ([reference.Parts]): a number or a list of the rules, a
// row of an error table, a member of an answer, or a named step of an operation. The operations themselves know nothing
// of defects.
//
// # How to write one
//
// Give it an id that says product, operation and fault; one sentence that says what the server does; and the ids of all
// rules that it breaks, and no other: a defect that breaks many rules shows little. Where one bug breaks a rule in several
// ways (one character too many, one too few) write several defects. Steps are replaced by [reference.Parts] alone;
// nothing is rewritten on its way to the client.
package defect
