package manual

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kpspec/kpspec/harness/cli"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/reference/serve"
)

// Page writes the page as Markdown. It is the same wherever it is made.
func Page(w io.Writer) error {
	p := &page{}
	p.line("# Reference")
	p.line("Made by `make docs`; a test fails when it is stale. The [README](../README.md) says what all this is for.")
	p.line("- [kpspec](#kpspec): its commands and flags\n- [Configuration](#configuration): the keys of the file of `--config`\n" +
		"- [Environment](#environment): the variables that kpspec heeds\n- [kpref](#kpref): its flags and their variables\n" +
		"- [Rules](#rules): all of them, operation by operation")
	p.kpspec()
	p.configuration()
	p.environment()
	p.kpref()
	if err := p.rules(); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.TrimSuffix(p.String(), "\n"))
	return err
}

// A page is what has been written of it.
type page struct{ strings.Builder }

// line writes a paragraph or a heading.
func (p *page) line(text string) { p.WriteString(text + "\n\n") }

// row writes a row of a table; the first is its head.
func (p *page) row(cells ...string) { p.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

// head begins a table.
func (p *page) head(cells ...string) {
	p.row(cells...)
	p.WriteString("|" + strings.Repeat("---|", len(cells)) + "\n")
}

// plain keeps a text from being taken for Markdown, and in its cell.
var plain = strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`", "[", `\[`, "\n", " ").Replace

// code is a text in the type of programs.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

// kpspec is the tree of commands.
func (p *page) kpspec() {
	root, _ := cli.New().Command()
	p.line("## kpspec")
	p.about(root)
	for _, c := range commands(root) {
		p.line("### " + c.CommandPath())
		p.about(c)
		p.flags(c.LocalFlags(), nil)
	}
}

// commands are all that can be called below one.
func commands(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, sub := range c.Commands() {
		if sub.Hidden || sub.Name() == "help" {
			continue
		}
		if sub.Runnable() {
			all = append(all, sub)
		}
		all = append(all, commands(sub)...)
	}
	return all
}

// about is what the help of a command says before its flags.
func (p *page) about(c *cobra.Command) {
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	if c.HasExample() {
		text += "\n\n" + c.Example
	}
	p.line("```text\n" + c.UseLine() + "\n\n" + strings.TrimSpace(text) + "\n```")
}

// flags is a table of flags, with their variables where they have any.
func (p *page) flags(flags *pflag.FlagSet, variable func(flag string) string) {
	if !flags.HasAvailableFlags() {
		return
	}
	if variable == nil {
		p.head("flag", "meaning")
	} else {
		p.head("flag", "variable", "meaning")
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		flag := "--" + f.Name
		if value != "" {
			flag += " " + value
		}
		if by := f.DefValue; !strings.Contains(usage, "(default") && by != "" && by != "false" && by != "0" && by != "0s" && by != "[]" {
			usage += " (default " + by + ")"
		}
		cells := []string{code(flag)}
		if variable != nil {
			cells = append(cells, code(variable(f.Name)))
		}
		p.row(append(cells, plain(usage))...)
	})
	p.WriteString("\n")
}

func (p *page) configuration() {
	p.line("## Configuration")
	p.line("YAML, for `--config`. Flags win over it. A key that stands nowhere here, a misspelt value or a variable that is not set ends the\n" +
		"run before it begins.")
	p.head("key", "value", "default", "meaning")
	for _, k := range target.Keys() {
		p.row(code(k.Path), plain(k.Type), plain(k.Default), plain(k.Meaning))
	}
	p.WriteString("\n")
}

func (p *page) environment() {
	p.line("## Environment")
	p.line("What kpspec heeds, beside the variables that a configuration names itself with `env:NAME`:")
	p.head("variable", "meaning")
	for _, v := range cli.Variables() {
		p.row(code(v.Name), plain(v.Meaning))
	}
	p.WriteString("\n")
}

func (p *page) kpref() {
	nothing := func(string) (string, bool) { return "", false }
	c := serve.Command(nil, nothing, io.Discard, io.Discard)
	p.line("## kpref")
	p.about(c)
	p.flags(c.LocalFlags(), serve.Variable)
}
