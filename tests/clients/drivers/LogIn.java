import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Logs in with each URL that it is given, and prints who it is and whether over TLS, or the SQLSTATE. */
public class LogIn {
  public static void main(String[] urls) {
    for (String url : urls) {
      try (Connection connection = DriverManager.getConnection(url);
           PreparedStatement statement = connection.prepareStatement(
               "SELECT current_user, (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), ?::int + 1")) {
        statement.setInt(1, 41);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          System.out.println(row.getString(1) + " " + row.getBoolean(2) + " " + row.getInt(3));
        }
      } catch (SQLException e) {
        System.out.println(e.getSQLState());
      }
    }
  }
}
