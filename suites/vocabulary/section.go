package vocabulary

import "slices"

// Sections are the ids of the rules that the specs of each section are about, by
// the name of the section.
type Sections map[string][]string

// Section builds some specs of the tree, unless it is known that none of them is
// wanted: a small run shall not pay for the specs of all others. The name is the
// section's own.
func (k *Kit) Section(name string, build func()) {
	if rules, known := k.known[name]; known && !slices.ContainsFunc(rules, k.wanted) {
		return
	}
	k.section = append(k.section, name)
	build()
	k.section = k.section[:len(k.section)-1]
}

// Sections are those that were built.
func (k *Kit) Sections() Sections { return k.built }

// builds notes that a spec about a rule is built now.
func (k *Kit) builds(id string) {
	for _, name := range k.section {
		if !slices.Contains(k.built[name], id) {
			k.built[name] = append(k.built[name], id)
		}
	}
}
