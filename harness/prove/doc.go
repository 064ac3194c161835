// Package prove shows that the suite bites: that every declared defect of the reference turns exactly the rules red that
// it breaks, and that no rule passes on a server that implements nothing.
//
// # How a defect is tried
//
// All runs are in one process, on a stage: a reference that is called without a network. First the whole suite runs on a
// reference without defects; this is the control, and every rule must pass in it. Its requests are kept, each with the
// spec that has sent it.
//
// For each defect these requests are sent once more, to a fresh reference with the defect, and the answers compared with
// those of a fresh reference without it. A spec depends on nothing but the answers it gets: where no answer to its
// requests has changed, it would end as it did in the control. So only the other specs are run against the defect, with
// everything that belongs to a run. A defect that changes no answer at all was never reached,
// which is an error. [Options.Whole] runs all specs instead; the results are the same, later.
package prove
