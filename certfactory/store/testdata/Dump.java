import java.io.FileInputStream;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.Collections;

/** Prints what Java gets to see of stores: one line an entry. Arguments come in fours: type, file, password, key password. */
public class Dump {
    public static void main(String[] args) throws Exception {
        for (int i = 0; i < args.length; i += 4) {
            KeyStore store = KeyStore.getInstance(args[i]);
            try (FileInputStream in = new FileInputStream(args[i + 1])) {
                store.load(in, args[i + 2].toCharArray());
            }
            for (String alias : Collections.list(store.aliases())) {
                StringBuilder line = new StringBuilder(args[i + 1]).append('\t').append(alias).append('\t');
                if (store.isKeyEntry(alias)) {
                    Key key = store.getKey(alias, args[i + 3].toCharArray());
                    line.append(encode(key.getEncoded()));
                    for (Certificate c : store.getCertificateChain(alias)) {
                        line.append('\t').append(encode(c.getEncoded()));
                    }
                } else {
                    line.append('\t').append(encode(store.getCertificate(alias).getEncoded()));
                }
                System.out.println(line);
            }
        }
    }

    private static String encode(byte[] b) {
        return Base64.getEncoder().encodeToString(b);
    }
}
