// Package spread runs the specs of one run in several processes of this program.
//
// Ginkgo runs the specs of a process one after the other, so that whoever wants
// to use the time in which a slow target thinks needs more processes. The one that
// was called starts the others, tells them what to test, and shares out the specs:
// each process builds the same tree and asks before every spec whether it shall run
// it. A spec goes to the process that asks first; specs that share what they have
// made go to one and the same; and no two run at once that use the same servers or
// fill the same region, whatever their timing. At the end every process hands over
// what came of its specs, and one report is made of all.
package spread
