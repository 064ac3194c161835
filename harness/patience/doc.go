// Package patience tells bad weather from evidence, and waits for better within a
// budget.
//
// Bad weather is what says nothing of a rule: the target is overloaded ([Refused]),
// or an answer got lost on its way ([Lost]). A 500 is no weather, but evidence.
//
// A [Patience] is that of one run. It sends a request again where that is safe
// ([Patience.Ask]), says whether a spec may run again that met what could not be
// sent again ([Patience.Again]), gives a target up that does not answer
// ([Patience.Gone]), and waits for what a target lists to agree with what it has
// done ([Patience.Await], [Patience.Settle]). It knows requests and times, and no
// specs. What it met and how long it waited is counted ([Met]).
//
// The zero [Limits] wait for nothing: each answer is taken as it comes.
package patience
