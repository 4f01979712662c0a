<%@ page contentType="application/json; charset=UTF-8" %><%@ include file="who.jspf" %><%
  response.setHeader("Cache-Control", "no-store");
%>{"version": <%= quoted(application.getInitParameter("version")) %>, "instance": <%= quoted(instance()) %>, "jvm_route": <%= quoted(route(application)) %>}
