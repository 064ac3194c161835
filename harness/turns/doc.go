// Package turns lets the processes of one run take turns at what there is only one
// of: the servers of an account, a region that is filled, the budget of requests.
//
// One process serves the [Run], the others, and it itself, have a [Client] of it. A
// process asks before every spec whether it shall run it, and is told so when nobody
// else uses what the spec needs, whatever their timing. What a process has is free
// again when its connection ends, however that comes.
package turns
