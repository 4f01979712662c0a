<%@ page contentType="application/json; charset=UTF-8" %><%@ include file="who.jspf" %><%
  response.setHeader("Cache-Control", "no-store");
  jakarta.servlet.http.HttpSession mine = request.getSession(true);
  boolean fresh = mine.isNew();
  int counter;
  synchronized (mine.getId().intern()) {
    Object before = mine.getAttribute("counter");
    counter = (before instanceof Integer ? (Integer) before : 0) + 1;
    // Set again at each request: only what is set is replicated.
    mine.setAttribute("counter", counter);
  }
  String id = mine.getId();
  int dot = id.lastIndexOf('.');
%>{"version": <%= quoted(application.getInitParameter("version")) %>, "instance": <%= quoted(instance()) %>, "jvm_route": <%= quoted(dot < 0 ? route(application) : id.substring(dot + 1)) %>, "session": <%= quoted(id) %>, "counter": <%= counter %>, "new": <%= fresh %>}
