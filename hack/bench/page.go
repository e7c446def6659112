package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"text/template"
)

// page is all that was measured.
type page struct {
	Machine     machine
	departments int
	sizes       []*sizeFigures
	Writes      []runWrites
}

//go:embed page.md.tmpl
var pageText string

// print writes the page as Markdown.
func (p *page) print(w io.Writer) error {
	text, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	return text.Execute(w, p)
}

// row is a line of a table.
func row(cells ...any) string {
	words := make([]string, len(cells))
	for i, cell := range cells {
		words[i] = fmt.Sprint(cell)
		switch value := cell.(type) {
		case float64:
			words[i] = fmt.Sprintf("%.2f", value)
		case int:
			words[i] = grouped(value)
		}
	}
	return "| " + strings.Join(words, " | ") + " |"
}

// grouped writes a number with a comma before every three digits.
func grouped(number int) string {
	text := strconv.Itoa(number)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// rows makes a table's lines of all sizes.
func (p *page) rows(of func(*sizeFigures) []string) string {
	var lines []string
	for _, f := range p.sizes {
		lines = append(lines, of(f)...)
	}
	return strings.Join(lines, "\n")
}

// NoChange compares runs without a change with two reads.
func (p *page) NoChange() string {
	return p.rows(func(f *sizeFigures) []string {
		return []string{row(f.users,
			ratio(f.noChange, wall, f.twoReads, wall), ratio(f.noChange, allCPU, f.twoReads, allCPU), ratio(f.noChange, cpu, f.twoReads, cpu),
			each(f.noChange, wall).median, each(f.twoReads, wall).median, each(f.noChange, cpu).median, each(f.twoReads, cpu).median)}
	})
}

// NoChangeSplit splits those runs.
func (p *page) NoChangeSplit() string {
	return p.rows(func(f *sizeFigures) []string {
		return []string{row(f.users, each(f.noChange, phase("read")).median, each(f.noChange, phase("plan")).median, each(f.noChange, phase("store")).median)}
	})
}

// Readers compares the ways to read one directory.
func (p *page) Readers() string {
	return p.rows(func(f *sizeFigures) []string {
		line := func(name string, samples []sample) string {
			return row(f.users, name, ratio(samples, wall, f.ldapsearch, wall), ratio(samples, cpu, f.ldapsearch, cpu),
				each(samples, wall).median, each(samples, cpu).median, fmt.Sprintf("%.0f MiB", each(samples, peak).most))
		}
		return []string{
			line("the decoder alone", f.wire), line("the connector: decoder, departments, entries", f.entries), line("go-ldap", f.goLDAP),
			row(f.users, "ldapsearch", "1", "1", each(f.ldapsearch, wall).median, each(f.ldapsearch, cpu).median, ""),
		}
	})
}

// Loads compares first runs with the plain loader.
func (p *page) Loads() string {
	return p.rows(func(f *sizeFigures) []string {
		line := func(flush string, run, plain []sample) string {
			return row(f.users, flush, ratio(run, wall, plain, loading), ratio(run, phase("apply"), plain, loading),
				each(run, wall).median, each(plain, loading).median,
				each(run, phase("read")).median, each(run, phase("plan")).median, each(run, phase("store")).median, each(run, phase("apply")).median)
		}
		lines := []string{line("no", f.run, f.plain)}
		if len(f.durableRun) > 0 {
			lines = append(lines, line("yes", f.durableRun, f.durablePlain))
		}
		return lines
	})
}

// Memory is the most that any run needed.
func (p *page) Memory() string {
	return p.rows(func(f *sizeFigures) []string {
		return []string{row(f.users, fmt.Sprintf("%.0f MiB", each(f.run, peak).most), fmt.Sprintf("%.0f MiB", each(f.noChange, peak).most))}
	})
}

// APIWrites lists what runs wrote to the API server.
func (p *page) APIWrites() string {
	var lines []string
	for _, w := range p.Writes {
		lines = append(lines, row(w.what, w.writes, w.allowed(), w.chunks, fmt.Sprintf("%.0f s", w.applying.Seconds()), w.deletions, w.leases))
	}
	return strings.Join(lines, "\n")
}

// Constants of the measurement that the page tells.
func (p *page) DepartmentCount() string { return grouped(p.departments) }
func (p *page) Fields() string          { return strings.Join(userFields, ", ") }
func (p *page) Connections() int        { return connections }
func (p *page) WritesUsers() string     { return grouped(writesUsers) }
func (p *page) WritesRate() int         { return writesRate }

// machine is where it was measured.
type machine struct {
	Processor, Memory, Kernel, Go, OpenLDAP, Load string
	CPUs                                          int
}

func thisMachine() machine {
	return machine{
		Processor: fieldOf("/proc/cpuinfo", "model name"), Memory: fieldOf("/proc/meminfo", "MemTotal"), Kernel: firstLine("/proc/sys/kernel/osrelease"),
		Go: runtime.Version(), OpenLDAP: openLDAPVersion(), Load: loadAverage(), CPUs: runtime.NumCPU(),
	}
}

const unknown = "unknown"

// fieldOf finds a line "name: value" in a file of the system.
func fieldOf(path, name string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return unknown
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

func firstLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return unknown
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return line
}

// loadAverage is that of the last minute.
func loadAverage() string {
	minute, _, _ := strings.Cut(firstLine("/proc/loadavg"), " ")
	return minute
}

// openLDAPVersion asks ldapsearch, which is of the same package source as slapd.
func openLDAPVersion() string {
	output, err := exec.Command("ldapsearch", "-VV").CombinedOutput()
	if err != nil {
		return unknown
	}
	for _, word := range strings.Fields(string(output)) {
		if len(word) > 0 && word[0] >= '0' && word[0] <= '9' {
			return word
		}
	}
	return unknown
}
