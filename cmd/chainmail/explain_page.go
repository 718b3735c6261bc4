package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Widths of an explanation, in columns.
const (
	pageWidth  = 100
	labelWidth = 12
)

// A page writes an explanation. The first error is kept.
type page struct {
	w       io.Writer
	err     error
	drawing []row // label: what is drawn, text: the mark beside it
}

func (p *page) print(line string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(line, " "))
	}
}

func (p *page) title(s string) { p.print(s) }

// text writes a paragraph below the title.
func (p *page) text(s string) {
	for _, line := range wrap(s, pageWidth-2) {
		p.print("  " + line)
	}
	p.print("")
}

func (p *page) section(s string) { p.print(s) }

// line adds a line to a drawing, with a mark beside it.
func (p *page) line(s, mark string) { p.drawing = append(p.drawing, row{s, mark}) }

// endDrawing writes the drawing, its marks below each other.
func (p *page) endDrawing() {
	column := 0
	for _, r := range p.drawing {
		column = max(column, utf8.RuneCountInString(r.label))
	}
	for _, r := range p.drawing {
		if r.text != "" {
			r.label += strings.Repeat(" ", column-utf8.RuneCountInString(r.label)) + "  <== " + r.text
		}
		p.print("  " + r.label)
	}
	p.drawing = nil
	p.print("")
}

// field writes values below each other, the label beside the first. Values that
// are empty are left out.
func (p *page) field(label string, values ...string) {
	for _, v := range values {
		if v == "" {
			continue
		}
		for i, line := range wrap(v, pageWidth-labelWidth) {
			if i > 0 {
				line = "  " + line
			}
			p.print(fmt.Sprintf("%-*s%s", labelWidth, label, line))
			label = ""
		}
	}
}

// wrap breaks text between words. The lines after the first are indented by their
// writer, so they are two columns shorter.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(s, " ") {
		room := width
		if len(lines) > 0 {
			room -= 2
		}
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			lines = append(lines, line)
			line = word
			continue
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
