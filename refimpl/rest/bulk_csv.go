package rest

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// A bulkRow is one device of a bulk registration.
type bulkRow struct {
	id, authType, credentials, name, kind, idType string
	properties                                    map[string]any
}

// String is how the platform shows a row that failed. It leaves the credentials out.
func (r bulkRow) String() string {
	return fmt.Sprintf("DeviceInfo{id='%s', authType='%s'}", r.id, r.authType)
}

// readBulk reads a CSV file: first the names of the columns, then a device a row. The
// separator is a tab, a semicolon or a comma, whichever the first line has most of; text
// that is not UTF-8 is taken for Latin-1.
func readBulk(file []byte) ([]bulkRow, error) {
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	if !utf8.Valid(file) {
		file = latin1(file)
	}
	reader := csv.NewReader(bytes.NewReader(file))
	reader.Comma, reader.LazyQuotes, reader.FieldsPerRecord = separator(file), true, -1
	records, err := reader.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read CSV: %w", err)
	}
	if len(records) == 0 {
		return nil, errors.New("the file is empty")
	}
	header := records[0]
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	rows := make([]bulkRow, 0, len(records)-1)
	for _, record := range records[1:] {
		rows = append(rows, readRow(header, record))
	}
	return rows, nil
}

// readRow reads one row. Columns that the platform has no name for become properties.
// TENANT counts for the management tenant only; PATH and further external ids would go
// into parts of the inventory that are not here.
func readRow(header, record []string) bulkRow {
	row := bulkRow{properties: map[string]any{}}
	for i, column := range header {
		if i >= len(record) || strings.TrimSpace(record[i]) == "" {
			continue
		}
		value := strings.TrimSpace(record[i])
		switch column {
		case "ID":
			row.id = value
		case "AUTH_TYPE":
			row.authType = value
		case "CREDENTIALS":
			row.credentials = value
		case "NAME":
			row.name = value
		case "TYPE":
			row.kind = value
		case "IDTYPE":
			row.idType = value
		case "ICCID":
			setProperty(row.properties, "c8y_Mobile.iccid", value)
		case "SHELL":
			if value == "1" {
				row.properties["c8y_SupportedOperations"] = []string{"c8y_Command"}
			}
		case "TENANT", "PATH", "ENROLLMENT_OTP":
		default:
			if column != "" && !strings.HasPrefix(column, "external-") {
				setProperty(row.properties, column, value)
			}
		}
	}
	row.name = cmp.Or(row.name, row.id)
	row.kind = cmp.Or(row.kind, "c8y_DefaultDevice")
	row.idType = cmp.Or(row.idType, registry.SerialType)
	return row
}

// setProperty sets a property whose name is a path of dots.
func setProperty(properties map[string]any, path, value string) {
	for {
		first, rest, nested := strings.Cut(path, ".")
		if !nested {
			break
		}
		child, ok := properties[first].(map[string]any)
		if !ok {
			child = map[string]any{}
			properties[first] = child
		}
		properties, path = child, rest
	}
	switch value {
	case "true", "false":
		properties[path] = value == "true"
	default:
		properties[path] = value
	}
}

// separator looks at the names of the columns, which hold none of the candidates.
func separator(file []byte) rune {
	line, _, _ := bytes.Cut(file, []byte("\n"))
	best, most := ',', 0
	for _, candidate := range "\t;," {
		if n := bytes.Count(line, []byte(string(candidate))); n > most {
			best, most = candidate, n
		}
	}
	return best
}

func latin1(b []byte) []byte {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return []byte(string(runes))
}

func spaceOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
