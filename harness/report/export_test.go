package report

// GroupOf is for tests.
var GroupOf = groupOf
