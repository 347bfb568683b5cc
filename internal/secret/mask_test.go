package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/greenlight-deploy/greenlight/internal/secret"
)

func masking(secrets ...string) *secret.Masker {
	m := &secret.Masker{}
	for _, s := range secrets {
		m.Add(s)
	}
	return m
}

func TestASecretIsMaskedWhereverItStands(t *testing.T) {
	const key = "-----BEGIN KEY-----\nMIIEvQ/+IBADANBg\nkqhkiG9w0BAQEF==\n-----END KEY-----\n"
	for _, tt := range []struct{ why, secret, text, want string }{
		{"alone", "hunter2", "hunter2", "***"},
		{"in a longer text", "hunter2", "xhunter2y hunter2", "x***y ***"},
		{"not at all", "hunter2", "hunter 2, Hunter2", "hunter 2, Hunter2"},
		{"in a URL's path", "a/b?c d", "GET http://h/a%2Fb%3Fc%20d/x", "GET http://h/***/x"},
		{"in a query", "a/b?c d", "http://h/?q=a%2Fb%3Fc+d&x=1", "http://h/?q=***&x=1"},
		{"in lower case", "a/b?c d", "?q=a%2fb%3fc%20d", "?q=***"},
		{"escaped twice", "a/b?c d", "?q=a%252Fb%253Fc%2520d.", "?q=***."},
		{"itself escaped text", "100%2Fx", "100%2Fx 100%252Fx", "*** ***"},
		{"a quote in JSON", `p"w\d`, `{"a":"p\"w\\d"}`, `{"a":"***"}`},
		{"JSON in a quoted text", `p"w\d`, `body is "{\"a\":\"p\\\"w\\\\d\"}"`, `body is "{\"a\":\"***\"}"`},
		{"JSON that is for HTML", "a<b&c", `"a\u003cb\u0026c"`, `"***"`},
		{"JSON of another make", "a/é😀b", `"a\/\u00e9\ud83d\ude00b"`, `"***"`},
		{"HTML", `a<b&"c'`, "<p>a&lt;b&amp;&#34;c&#39;</p>", "<p>***</p>"},
		{"HTML by numbers", "a<b&c", "a&#x3c;b&#38;c", "***"},
		{"Basic authorization", "open sesame", "Basic " + base64.StdEncoding.EncodeToString([]byte("aladdin:open sesame")), "Basic YWxhZGRpbj***=="},
		{"base64 for URLs", "\u00ff\u00fe?>~~", base64.RawURLEncoding.EncodeToString([]byte("\u00ff\u00fe?>~~")), "***"},
		{"base64 in a query", "\u00ff\u00fe?>~~", url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("x\u00ff\u00fe?>~~y"))), "e***eQ%3D%3D"},
		{"base64 of JSON", `p"w\d`, base64.StdEncoding.EncodeToString([]byte(`{"a":"p\"w\\d"}`)), "eyJhIjoi***J9"},
		{"folded onto a line", key, "the key is " + strings.Join(strings.Fields(key), " ") + ".", "the key is ***."},
		{"with its lines escaped", key, "the key is " + strconv.Quote(key), `the key is "***\n"`},
		{"cut off", "correct horse battery", `is "the correct ho…"`, `is "the ***…"`},
		{"cut off early", "correct horse battery", `is "the cor…"`, `is "the cor…"`},
		{"cut off in an escape", "1234&é567", `?a=1234%26%C3…`, `?a=***…`},
		{"its beginning cut off", "correct horse battery", `is "…se battery"`, `is "…***"`},
		{"two that overlap", "abcdef", "abcdefgh", "***"},
		{"a plus at its beginning, behind a line break or a tab", "+hunter2", "a\n+hunter2 b\t+hunter2", "a*** b***"},
		{"white space that isn't ASCII's", "a b c", "[a\u00a0b\u2003c]", "[***]"},
		{"with white space around it", "  hunter2\n", "[hunter2]", "[***]"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			m := masking(tt.secret, "cdefgh")
			if got := m.Mask(tt.text); got != tt.want {
				t.Errorf("%s\ngot  %s\nwant %s", tt.text, got, tt.want)
			}
		})
	}
}

func TestWhatIsTooShortOrUnknownIsntMasked(t *testing.T) {
	m := masking("", "abc", " x \n")
	if got := m.Mask("abc x"); got != "abc x" {
		t.Errorf("got %q", got)
	}
	if got := new(secret.Masker).Mask("abc"); got != "abc" {
		t.Errorf("the zero masker gives %q", got)
	}
}

// escapings are the ways in which a text gets into another one.
var escapings = map[string]func(string) string{
	"as it is":       func(s string) string { return s },
	"path":           url.PathEscape,
	"query":          url.QueryEscape,
	"query, twice":   func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"JSON":           func(s string) string { return marshalled(s, false) },
	"JSON for HTML":  func(s string) string { return marshalled(s, true) },
	"quoted":         strconv.Quote,
	"quoted, ASCII":  strconv.QuoteToASCII,
	"quoted JSON":    func(s string) string { return strconv.Quote(marshalled(s, false)) },
	"JSON of JSON":   func(s string) string { return marshalled(marshalled(s, true), true) },
	"HTML":           html.EscapeString,
	"base64":         func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 raw":     func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	"base64 URL":     func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"base64 raw URL": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"base64, query":  func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
	"one line":       func(s string) string { return strings.Join(strings.Fields(s), " ") },
}

func marshalled(s string, forHTML bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(forHTML)
	if err := enc.Encode(s); err != nil {
		panic(err)
	}
	return b.String()
}

// For any secret, anywhere in any text, written in any of the ways, nothing of it is left: masked texts of two secrets of
// one length differ in nothing but what was around them.
func TestNoSecretLeavesInAnyPlaceOrEscaping(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 8))
	for range 1000 {
		s := randomSecret(random)
		before, after := randomText(random, random.IntN(7)), randomText(random, random.IntN(7))
		m := masking(s)
		for name, escape := range escapings {
			text := escape(before + s + after)
			got := m.Mask(text)
			if !strings.Contains(got, secret.Mask) {
				t.Fatalf("%s: %q in %q isn't masked: %q", name, s, text, got)
			}
			for other, escape := range escapings {
				if strings.Contains(got, strings.Trim(strings.TrimSpace(escape(s)), `"`)) {
					t.Fatalf("%s: %q in %q is left as %s in %q", name, s, text, other, got)
				}
			}
			const padding = len("xx%3D%3D") // of base64, of what was around the secret
			if left := strings.Replace(got, secret.Mask, "", 1); len(left) > len(escape(before))+len(escape(after))+padding {
				t.Fatalf("%s: of %q in %q is left %q", name, s, text, got)
			}
		}
	}
}

const awkward = "abcXYZ0189 +/=-_.~!*'()%&?#\"\\<>{}[]:;,@$^`|\n\té€😀\u2028"

func randomSecret(random *rand.Rand) string {
	for {
		if s := randomText(random, 4+random.IntN(30)); strings.TrimFunc(s, unicode.IsSpace) == s && !secret.IsShort(s) {
			return s
		}
	}
}

func randomText(random *rand.Rand, n int) string {
	letters := []rune(awkward)
	var b strings.Builder
	for range n {
		b.WriteRune(letters[random.IntN(len(letters))])
	}
	return b.String()
}

func TestLongRunsAreMaskedInTime(t *testing.T) {
	for _, run := range []string{`\`, " ", "+", "%20", `\n`, "…", "%", "&", "a"} {
		long := strings.Repeat(run, 1_000)
		for _, s := range []string{`\abc` + `\ \`, "+x y+", "a  b", "aaaaaaaa", "…%&…"} {
			if got := masking(s).Mask(long + "[" + s + "]" + long); strings.Contains(got, s) && !strings.Contains(run, s) && !strings.Contains(long, s) {
				t.Errorf("%q is left among %q", s, run)
			}
		}
	}
}

func FuzzMasking(f *testing.F) {
	f.Add("hunter2", "x", "y")
	f.Add("100%2Fx", "%", "25")
	f.Add(`p"w\d`, `\`, `\\`)
	f.Add("\ufffdéé", "\xff…", "…\xfe")
	f.Fuzz(func(t *testing.T, s, before, after string) {
		if secret.IsShort(s) || !utf8.ValidString(s) { // neither is taken
			return
		}
		m := masking(s)
		if got := m.Mask(before + s + after); strings.Contains(got, s) && !strings.Contains(secret.Mask, s) && !strings.Contains(before+secret.Mask+after, s) {
			t.Errorf("%q is left in %q", s, got)
		}
	})
}

func TestALogLineIsMaskedInAllItsParts(t *testing.T) {
	m := &secret.Masker{}
	var out bytes.Buffer
	log := slog.New(secret.Handler(slog.NewJSONHandler(&out, nil), m)).With("earlier", "hunter2").WithGroup("").WithGroup("g").With("inner", "hunter2")
	m.Add("hunter2")
	log.Info("hunter2", "text", "a hunter2", "error", errors.New("hunter2"), "list", []string{"hunter2"}, "url", &url.URL{Path: "/hunter2"},
		slog.Group("group", slog.String("x", "hunter2")), "n", 5, "valuer", valuer{})
	if strings.Contains(out.String(), "hunter2") || strings.Count(out.String(), secret.Mask) != 9 {
		t.Error(out.String())
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["g"].(map[string]any)["n"] != 5.0 {
		t.Errorf("%v: %s", err, out.String())
	}
}

type valuer struct{}

func (valuer) LogValue() slog.Value { return slog.StringValue("hunter2") }

func TestAValueCantBePrinted(t *testing.T) {
	v := fetched(t, "hunter2")
	inJSON, err := json.Marshal(map[string]any{"v": []any{v, &v}})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, "p", &v)
	texts := []string{string(inJSON), log.String(), fmt.Sprint(v, &v, []secret.Value{v}), fmt.Sprintf("%v %+v %#v %s %q %x %d %p", v, v, v, v, v, v, v, v)}
	for _, text := range texts {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
			t.Error(text)
		}
	}
	if v.Reveal() != "hunter2" {
		t.Error(v.Reveal())
	}
}

func BenchmarkMaskingAReason(b *testing.B) {
	m := masking("hunter2-hunter2", "eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IfmR9g", "correct horse battery staple")
	reason := "cart adds up: POST http://10.0.0.1:8080/cart: $.total is 19.9, expected 59.7; status is 500, expected 2xx (from the load balancer itself)"
	b.ReportAllocs()
	for b.Loop() {
		m.Mask(reason)
	}
}
