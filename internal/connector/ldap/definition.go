package ldap

import (
	"strings"
)

// definition is one attribute type or object class of a server's schema (RFC 4512, section 4.1): its keywords with their values.
// A keyword without a value is present with none.
type definition map[string][]string

// flags are the keywords that take no value.
var flags = map[string]bool{
	"OBSOLETE": true, "SINGLE-VALUE": true, "COLLECTIVE": true, "NO-USER-MODIFICATION": true,
	"ABSTRACT": true, "STRUCTURAL": true, "AUXILIARY": true,
}

// parseDefinition reads "( OID NAME ( 'cn' 'commonName' ) SUP name … )". What it does not understand it leaves out, since every
// server has extensions of its own.
func parseDefinition(text string) definition {
	words := splitDefinition(text)
	if len(words) < 3 || words[0] != "(" {
		return nil
	}
	d := definition{"OID": {words[1]}}
	for i := 2; i < len(words) && words[i] != ")"; {
		keyword := words[i]
		i++
		if flags[keyword] {
			d[keyword] = nil
			continue
		}
		if i < len(words) && words[i] == "(" {
			for i++; i < len(words) && words[i] != ")"; i++ {
				if words[i] != "$" {
					d[keyword] = append(d[keyword], words[i])
				}
			}
			i++
		} else if i < len(words) {
			d[keyword] = []string{words[i]}
			i++
		}
	}
	return d
}

// splitDefinition cuts a definition into parentheses, dollars, words and quoted texts.
func splitDefinition(text string) []string {
	var words []string
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return words
		}
		switch text[0] {
		case '(', ')', '$':
			words = append(words, text[:1])
			text = text[1:]
		case '\'':
			word, rest, _ := strings.Cut(text[1:], "'")
			words = append(words, word)
			text = rest
		default:
			end := strings.IndexAny(text, " \t\r\n()$'")
			if end < 0 {
				end = len(text)
			}
			words = append(words, text[:end])
			text = text[end:]
		}
	}
}

// first is the first value of a keyword, or "".
func (d definition) first(keyword string) string {
	if values := d[keyword]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func (d definition) has(keyword string) bool {
	_, ok := d[keyword]
	return ok
}

// definitions finds definitions by any of their names, or by OID, in lower case.
type definitions map[string]definition

func parseDefinitions(texts []string) definitions {
	all := definitions{}
	for _, text := range texts {
		d := parseDefinition(text)
		for _, name := range append(d["NAME"], d["OID"]...) {
			all[strings.ToLower(name)] = d
		}
	}
	return all
}

func (all definitions) find(name string) definition { return all[strings.ToLower(name)] }

// maxInheritance bounds a chain of superiors, so that a broken schema cannot go round in circles.
const maxInheritance = 30

// inherited is the first value of a keyword in an attribute type or the ones that it is derived from.
func (all definitions) inherited(d definition, keyword string) string {
	for range maxInheritance {
		if value := d.first(keyword); value != "" || d == nil {
			return value
		}
		d = all.find(d.first("SUP"))
	}
	return ""
}

// chain lists object classes and all classes that they are derived from. Unknown ones are named.
func (all definitions) chain(classes []string) (chain []definition, unknown []string) {
	seen := map[string]bool{}
	for queue := classes; len(queue) > 0; queue = queue[1:] {
		name := strings.ToLower(queue[0])
		if seen[name] {
			continue
		}
		seen[name] = true
		d := all[name]
		if d == nil {
			unknown = append(unknown, queue[0])
			continue
		}
		chain = append(chain, d)
		queue = append(queue, d["SUP"]...)
	}
	return chain, unknown
}
