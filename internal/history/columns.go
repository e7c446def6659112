package history

import (
	"slices"
	"strings"
	"unicode"

	"synccenter.dev/synccenter/internal/hidden"
	"synccenter.dev/synccenter/internal/plan"
)

// The headings of tables of records and of changes. The time's zone is added to its heading.
var (
	numberHeading    = phrase{"No.", "序号"}
	timeHeading      = phrase{"Time", "同步时间"}
	subjectHeading   = phrase{"Subject", "主体"}
	operationHeading = phrase{"Operation", "同步类型"}
	statusHeading    = phrase{"Status", "同步状态"}
	nameHeading      = phrase{"Name", "名称"}
	sourceHeading    = phrase{"Source ID", "源端标识"}
	targetHeading    = phrase{"Target ID", "目标端标识"}
	fieldsHeading    = phrase{"Changed fields", "变更字段"}
	changesHeading   = phrase{"Changes", "变更内容"}
	reasonHeading    = phrase{"Reason", "原因"}
	messageHeading   = phrase{"Message", "说明"}
	fieldHeading     = phrase{"Field", "字段"}
	beforeHeading    = phrase{"Before", "变更前"}
	afterHeading     = phrase{"After", "变更后"}
)

// hiddenWord stands where a sensitive value would stand.
var hiddenWord = phrase{hidden.Mask, "(已隐藏)"}

// BeforeText and AfterText show the values of a change to people: references by name where the name is known, and a word in the place of what is
// sensitive.
func BeforeText(c *plan.Change, locale Locale) string {
	return valuesText(c, c.Before, c.BeforeNames, locale)
}

// AfterText is explained at BeforeText.
func AfterText(c *plan.Change, locale Locale) string {
	return valuesText(c, c.After, c.AfterNames, locale)
}

func valuesText(c *plan.Change, values, names []string, locale Locale) string {
	if c.Sensitive && len(values) > 0 {
		return hiddenWord.in(locale)
	}
	shown := make([]string, len(values))
	for i, v := range values {
		shown[i] = v
		if i < len(names) && names[i] != "" {
			shown[i] = names[i]
		}
	}
	return strings.Join(shown, "; ")
}

// changedFields lists the fields of the changes.
func changedFields(changes []plan.Change, locale Locale) string {
	fields := make([]string, len(changes))
	for i := range changes {
		fields[i] = fieldWord(changes[i].Field, locale)
	}
	return strings.Join(fields, ", ")
}

// changesText puts all changes into one text, a line for each.
func changesText(changes []plan.Change, locale Locale) string {
	lines := make([]string, len(changes))
	for i := range changes {
		c := &changes[i]
		words := slices.DeleteFunc([]string{fieldWord(c.Field, locale) + ":", BeforeText(c, locale), "→", AfterText(c, locale)}, isEmpty)
		lines[i] = strings.Join(words, " ")
	}
	return strings.Join(lines, "\n")
}

func isEmpty(text string) bool { return text == "" }

// withoutControls leaves out what no file for people should carry: control characters but for tabs and new lines, and what XML forbids.
func withoutControls(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF:
			return -1
		}
		return r
	}, text)
}
