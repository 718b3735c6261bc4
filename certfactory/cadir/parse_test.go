package cadir_test

import (
	"encoding/asn1"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/google/go-cmp/cmp"
)

func TestConfig(t *testing.T) {
	t.Setenv("CADIR_TEST", "from outside")
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "[s]\na = b", "b"},
		{"spaces", "[ s ]\n\t a\t=\t b c \t", "b c"},
		{"comment", "[s] # here\n# a = c\na = b # there", "b"},
		{"escaped comment", `[s]` + "\n" + `a = b\#c`, "b#c"},
		{"quoted comment", "[s]\na = \"b # c\" d", "b # c d"},
		{"single quotes", "[s]\na = '$x \" \\' #'", `$x " ' #`},
		{"escapes", "[s]\n" + `a = \n\t\\\$x`, "\n\t\\$x"},
		{"continued", "[s]\na = b\\\n c", "b c"},
		{"continued with CR", "[s]\r\na = b\\\r\nc\r\n", "bc"},
		{"not continued", "[s]\na = b\\\\\nc = d", "b\\"},
		{"variable", "x = 1\n[s]\ny = 2\na = $x$y/$y", "12/2"},
		{"braces", "[s]\ny = 2\na = ${y}y$(y)", "2y2"},
		{"other section", "[o]\ny = 2\n[s]\na = $o::y ${o::y}", "2 2"},
		{"environment", "[s]\na = $ENV::CADIR_TEST", "from outside"},
		{"the later counts", "[s]\na = 1\n[o]\na = 2\n[s]\na = 3", "3"},
		{"into another section", "[o]\ns::a = 1", "1"},
		{"from the head", "a = 1\n[s]", "1"},
		{"byte order mark", "\ufeff[s]\na = 1", "1"},
		{"empty", "[s]\na =", ""},
		{"equals sign", "[s]\na = b = c", "b = c"},
	} {
		got, ok, err := cadir.LookupConfig(tt.text, "s", "a")
		if err != nil || !ok || got != tt.want {
			t.Errorf("%s: %q, %v, %v, want %q", tt.name, got, ok, err, tt.want)
		}
	}
	grow := "a = 0123456789abcdef\n" + strings.Repeat("a = $a$a\n", 30)
	if _, _, err := cadir.LookupConfig(grow, "default", "a"); err == nil {
		t.Error("a value of gigabytes was made")
	}
}

func FuzzConfig(f *testing.F) {
	f.Add(specified)
	template, err := os.ReadFile("config.tmpl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(template))
	f.Add("a = $b\\\n[x")
	f.Add("[ca]\ndefault_ca=c\n[c]\npolicy=p\n[p]\nCN=match\n[v3_ca]\nbasicConstraints=CA:true\nextendedKeyUsage=1.2.3\nauthorityKeyIdentifier=issuer")
	key := certfactory.New(certfactory.Seed{}, time.Time{}).Key(certfactory.P256, "x").Public()
	f.Fuzz(func(t *testing.T, text string) {
		extensions, err := cadir.Interpret(text, key)
		if err != nil {
			return
		}
		for _, e := range extensions {
			var v asn1.RawValue
			if rest, err := asn1.Unmarshal(e.Value, &v); err != nil || len(rest) > 0 {
				t.Errorf("extension %v is %x", e.Id, e.Value)
			}
		}
	})
}

func TestDatabase(t *testing.T) {
	text := "# comment\n" +
		"V\t490101000000Z\t\t00\tunknown\t/CN=a\n" +
		"V\t500101000000Z\t\t0A\tunknown\t/CN=a\\\tb\n" +
		"E\t20500101000000Z\t\tff\tunknown\t/CN=a\n" +
		"R\t270101000000Z\t260101000000Z\t-01\tunknown\t/CN=a\n" +
		"R\t270101000000Z\t260101000000Z,unspecified\t02\tunknown\t/CN=a\n" +
		"R\t270101000000Z\t260101000000Z,cacompromise\t03\tunknown\t/CN=a\n" +
		"R\t270101000000Z\t260101000000Z,removeFromCRL\t04\tunknown\t/CN=a\n" +
		"R\t270101000000Z\t260101000000Z,holdInstruction,holdInstructionReject\t05\tunknown\t/CN=a\n" +
		"R\t270101000000Z\t260101000000Z,holdInstruction,1.2.840.10040.2.1\t06\tunknown\t/CN=a\n" +
		"R\t270101000000Z\t260101000000Z,CAkeyTime,20260102030405Z\t07\tunknown\t/CN=a\n"
	entries, printed, err := cadir.ParseDatabase(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, printed); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	var years []int
	var reasons []cadir.Reason
	for _, e := range entries {
		years = append(years, e.NotAfter.Year())
		reasons = append(reasons, e.Reason)
	}
	if diff := cmp.Diff([]int{2049, 1950, 2050, 2027, 2027, 2027, 2027, 2027, 2027, 2027}, years); diff != "" {
		t.Errorf("years (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]cadir.Reason{0, 0, 0, 0, 0, 2, 8, 6, 6, 2}, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if got := entries[1].Subject; got != "/CN=a\tb" {
		t.Errorf("subject %q", got)
	}
	if got := entries[9].Line() + "\n"; !strings.HasSuffix(text, got) {
		t.Errorf("line %q", got)
	}
}

func FuzzDatabase(f *testing.F) {
	f.Add("V\t490101000000Z\t\t00\tunknown\t/CN=a\\\tb\n")
	f.Add("# x\nR\t20500101000000Z\t260101000000Z,keyTime,20260102030405Z\tFF\tunknown\t/CN=a\n")
	f.Add("R\t270101000000Z\t260101000000Z,holdInstruction,holdInstructionReject\t-0A\tx\t/CN=a")
	f.Fuzz(func(t *testing.T, text string) {
		entries, printed, err := cadir.ParseDatabase(text)
		if err != nil {
			return
		}
		if printed != text {
			t.Errorf("%q became %q", text, printed)
		}
		for _, e := range entries {
			again, _, err := cadir.ParseDatabase(e.Line() + "\n")
			if err != nil || len(again) != 1 || again[0].Line() != e.Line() {
				t.Errorf("line %q reads as %+v (%v)", e.Line(), again, err)
			}
		}
	})
}

func FuzzNumber(f *testing.F) {
	for _, text := range []string{"1000\n", "01", "FF\r\n", "100", "00", "-01", "0x10"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := cadir.ParseNumber(text)
		if err != nil {
			return
		}
		printed := cadir.FormatNumber(n)
		again, err := cadir.ParseNumber(printed + "\n")
		if err != nil || again.Cmp(n) != 0 || len(printed)%2 != 0 || strings.ToUpper(printed) != printed {
			t.Errorf("%q is printed as %q, which is %v (%v)", text, printed, again, err)
		}
	})
}

func FuzzOneLine(f *testing.F) {
	f.Add([]byte("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a"))
	f.Add([]byte("\x30\x00"))
	f.Fuzz(func(t *testing.T, der []byte) {
		line, err := cadir.OneLine(der)
		if err == nil && strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%x is printed as %q", der, line)
		}
	})
}

func TestReasons(t *testing.T) {
	for r := cadir.Unspecified; r <= cadir.CertificateHold; r++ {
		if got, err := cadir.ParseReason(strings.ToUpper(r.String())); err != nil || got != r {
			t.Errorf("ParseReason(%s) = %v, %v", r, got, err)
		}
	}
	if _, err := cadir.ParseReason("boredom"); err == nil {
		t.Error("boredom is a reason")
	}
}
