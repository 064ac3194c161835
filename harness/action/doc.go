// Package action is the kpspec action for GitHub workflows, action.yml, and the
// tests of it and of the jobs that the README shows. There is no Go code in the
// action: it builds kpspec from the checkout it comes with, and runs it.
package action
